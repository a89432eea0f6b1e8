import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it, type TestContext } from "vitest"
import { linesOf } from "./jsonLines.ts"
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

/** Starts a server that answers 200 with each of these answers once, then with the documented example. */
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

describe.concurrent("resend, for any answer of 200", () => {
  it("sends one request, and prints the documented example as JSON", async (test) => {
    const { env, requests } = await serve(test)
    const { code, stderr, stdout } = await run(["resend", id, "--json"], env)
    assert.strictEqual(code, 5)
    assert.match(stderr, new RegExp(`^${id}: .*link.* dead[^\n]*\n$`))
    assert.deepInclude(linesOf(stdout)[0].seat, documented)
    assert.deepEqual(requests, [`POST /v1/customer-portal/seats/${id}/resend Bearer ${token}`])
  })

  it("prints the documented example, and warns that its link is dead", async (test) => {
    const { env } = await serve(test)
    const { code, stderr, stdout } = await run(["resend", id], env)
    assert.strictEqual(code, 5)
    assert.match(stdout, new RegExp(`^${id}: resent to <string> \\(expired .+ ago\\)\n$`))
    assert.match(stderr, new RegExp(`^${id}: .*link.* dead`))
  })

  it("says that the mail probably went out after HTML, an empty object, nothing, half a seat, or 2 MB of spaces", async (test) => {
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
    assert.strictEqual(requests.length, unusable.length, "no request is retried")
  })

  it("mails a seat once and reports it twice if its id is passed in two spellings", async (test) => {
    const { env, requests } = await serve(test)
    const { code, stdout } = await run(["resend", id, id.toUpperCase(), `{${id}}`, "--json"], env)
    assert.strictEqual(code, 5)
    const [line, ...others] = linesOf(stdout)
    assert.deepEqual(others, [line, line])
    assert.lengthOf(requests, 1)
  })

  it.for(["http://127.0.0.1:1", "https://nothing.invalid"])(
    "says that nothing was sent if %s does not answer",
    async (url) => {
      const { code, stderr, stdout } = await run(["resend", id], { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: token })
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" })
      assert.match(stderr, /was not sent/)
    }
  )

  it("refuses an id that is not a UUID of version 4, names the rule that it breaks, and sends nothing", async (test) => {
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
    assert.strictEqual(lines.pop(), "Nothing was mailed.")
    assert.strictEqual(lines.length, 4)
    for (const [index, [id, rule]] of Object.entries(bad).entries()) {
      assert.match(lines[index] ?? "", rule)
      assert.isTrue(lines[index]?.startsWith(`${id}: `))
    }
    assert.deepEqual(requests, [])
  })
})
