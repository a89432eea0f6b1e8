import { Effect } from "effect"
import { assert, beforeAll, describe, it } from "vitest"
import { serveEmulator } from "./serveEmulator.ts"
import { postRaw, sendRaw } from "./wire.ts"

let served: Awaited<ReturnType<typeof serveEmulator>>
let url = ""
beforeAll(async () => {
  served = await serveEmulator()
  url = served.url
  return served.stop
})

describe("a rule of a fault with a header of the connection", () => {
  it.for([
    ["trailer", "x"],
    ["Trailer", "expires"],
    ["transfer-encoding", "chunked"],
    ["Transfer-Encoding", "gzip"],
    ["content-length", "1000"],
    ["content-length", "1"],
    ["Content-Length", 0],
    ["connection", "keep-alive"],
    ["connection", "upgrade"],
    ["keep-alive", "timeout=9"],
    ["proxy-connection", "keep-alive"],
    ["upgrade", "websocket"],
    ["te", "trailers"],
    ["a\r\nb", "c"],
    ["a", "b\r\nc: d"],
    ["a", "b\nc"],
    ["a b", "c"],
    ["", "c"]
  ] as const)("%j: %j is refused, and every request still gets a whole answer", async ([name, value]) => {
    const rule = { path: "/v1/garbled", status: 200, headers: { [name]: value }, body: "0123456789" }
    const answer = await postRaw(url, "faults", { rules: [{ drop: "before", path: "/v1/dropped" }, rule] })
    const garbled = await sendRaw(url, { path: "/v1/garbled", headers: { connection: "close" } })
    assert.strictEqual(answer.status, 422)
    const { issues } = JSON.parse(answer.body) as { issues: ReadonlyArray<{ path: ReadonlyArray<string | number> }> }
    assert.deepEqual(
      issues.map(({ path }) => path),
      [["rules", 1, "headers", name]]
    )
    assert.strictEqual(garbled.status, 404)

    const inProcess = { status: 200, headers: { [name]: String(value) } }
    const error = await Effect.runPromise(Effect.flip(served.emulator.faults([{ drop: "after" }, inProcess])))
    assert.deepEqual([error._tag, error.option], ["InvalidOption", `faults.1.headers.${name}`])
  })

  it("alone is refused: date, retry-after and cookies arrive as the rule has them", async () => {
    const headers = { date: "Mon, 23 Nov 2026 12:00:00 GMT", "retry-after": "soon", "set-cookie": "a=b" }
    const answer = await postRaw(url, "faults", { rules: [{ path: "/v1/odd", status: 429, headers, body: "x" }] })
    assert.strictEqual(answer.status, 200)
    const odd = await sendRaw(url, { path: "/v1/odd" })
    assert.strictEqual(odd.status, 429)
    for (const [name, value] of Object.entries(headers)) assert.strictEqual(odd.headers.get(name), value)
  })
})
