import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it, type TestContext } from "vitest"
import { run } from "./runCli.ts"

const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
const token = "polar_cst_s3cret"

// https://polar.sh/docs/api-reference/customer-portal/seats/resend-invitation
const documented = {
  created_at: "2023-11-07T05:31:56Z",
  modified_at: "2023-11-07T05:31:56Z",
  id,
  status: "pending",
  subscription_id: id,
  order_id: id,
  customer_id: id,
  member_id: id,
  email: "<string>",
  customer_email: "<string>",
  invitation_token_expires_at: "2023-11-07T05:31:56Z",
  claimed_at: "2023-11-07T05:31:56Z",
  revoked_at: "2023-11-07T05:31:56Z",
  seat_metadata: {}
}

type Answer = readonly [contentType: string, body: string]
const example: Answer = ["application/json", JSON.stringify(documented)]

/** A server that gives 200 and these answers in turn, then the documented example; and an environment that points at it. */
const serve = async ({ onTestFinished }: TestContext, answers: ReadonlyArray<Answer> = []) => {
  const requests: Array<string> = []
  const server = createServer(({ headers, method, url }, response) => {
    const [type, body] = answers[requests.length] ?? example
    requests.push(`${method} ${url} ${headers.authorization}`)
    response.writeHead(200, { "content-type": type }).end(body)
  }).listen(0, "127.0.0.1")
  onTestFinished(() => {
    server.close()
  })
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return { requests, env: { POLAR_API_URL: `http://127.0.0.1:${port}`, POLAR_CUSTOMER_SESSION: token } }
}

describe.concurrent("resend, whatever answers", () => {
  it("asks once, and prints the documented example as JSON", async (test) => {
    const { env, requests } = await serve(test)
    const { code, stderr, stdout } = await run(["resend", id, "--json"], env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.deepInclude(JSON.parse(stdout), documented)
    assert.deepEqual(requests, [`POST /v1/customer-portal/seats/${id}/resend Bearer ${token}`])
  })

  it("prints the documented example, and warns that its link is dead", async (test) => {
    const { env } = await serve(test)
    const { code, stderr, stdout } = await run(["resend", id], env)
    assert.strictEqual(code, 0)
    assert.match(stdout, new RegExp(`^${id}: resent to <string> \\(expired .+ ago\\)\n$`))
    assert.match(stderr, new RegExp(`^${id}: .*link.* dead`))
  })

  it("200 and HTML, an empty object, nothing, half a seat, or 2 MB of spaces: each mail probably went out", async (test) => {
    const unusable: ReadonlyArray<Answer> = [
      ["text/html", "<!doctype html><title>Welcome</title>"],
      ["application/json", "{}"],
      ["application/json", ""],
      ["application/json", example[1].slice(0, 200)],
      ["application/json", " ".repeat(2_000_000)]
    ]
    const { env, requests } = await serve(test, unusable)
    const ids = unusable.map((_, index) => id.replace(/^./, String(index)))
    const { code, stderr, stdout } = await run(["resend", ...ids], env)
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" })
    assert.match(stderr, new RegExp(`^((${ids.join("|")}): .*mail probably went out.*\n){${unusable.length}}$`))
    assert.strictEqual(requests.length, unusable.length, "none is repeated")
  })

  it("a seat that is named twice, however it is spelled, is mailed once and told of twice", async (test) => {
    const { env, requests } = await serve(test)
    const { code, stdout } = await run(["resend", id, id.toUpperCase(), `{${id}}`, "--json"], env)
    assert.strictEqual(code, 0)
    assert.lengthOf(new Set(stdout.trimEnd().split("\n")), 1)
    assert.lengthOf(stdout.trimEnd().split("\n"), 3)
    assert.lengthOf(requests, 1)
  })

  it.for(["http://127.0.0.1:1", "https://nothing.invalid"])("%s does not answer: nothing was sent", async (url) => {
    const { code, stderr, stdout } = await run(["resend", id], { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: token })
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" })
    assert.match(stderr, /was not sent/)
  })

  it("an id that is no UUID of version 4 is refused by the rule it breaks, and nothing is asked", async (test) => {
    const { env, requests } = await serve(test)
    const bad = {
      "seat-1": /is not a UUID/,
      "3c90c3cc-0d44-7b50-8888-8dd25736052a": /UUID of version 7/,
      "00000000-0000-0000-0000-000000000000": /nil UUID/,
      "3c90c3cc-0d44-4b50-c888-8dd25736052a": /variant/
    }
    const { code, stderr, stdout } = await run(["resend", ...Object.keys(bad)], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    const lines = stderr.trimEnd().split("\n")
    assert.strictEqual(lines.length, 4)
    for (const [index, [id, rule]] of Object.entries(bad).entries()) {
      assert.match(lines[index] ?? "", rule)
      assert.isTrue(lines[index]?.startsWith(`${id}: `))
    }
    assert.deepEqual(requests, [])
  })
})
