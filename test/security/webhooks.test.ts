import { assert, describe, it, type TestContext } from "vitest"
import { start } from "../app/runCli.ts"
import { deliver, seat, secret, timestamp } from "../app/webhookSender.ts"

const listen = async ({ onTestFinished }: TestContext, ...args: ReadonlyArray<string>) => {
  const listener = await start(["listen", ...args], { POLAR_WEBHOOK_SECRET: secret })
  onTestFinished(async () => void (await listener.stop()))
  const url: string = args.includes("--json") ? JSON.parse(listener.firstLine).url : listener.firstLine
  return { listener, url }
}

const webhook = (type: string, data: unknown) => JSON.stringify({ type, timestamp, data })
const assigned = (fields: object) => webhook("customer_seat.assigned", { ...seat, ...fields })

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`
const deep = (depth: number): ReadonlyArray<string> => [
  webhook("order.paid", "deep").replace('"deep"', nested(depth)),
  assigned({ seat_metadata: { deep: "deep" } }).replace('"deep"}', `${nested(depth)}}`)
]

describe.concurrent("listen", () => {
  it.for([[[]], [["--json"]]] as const)(
    "%j refuses an authentic webhook that nests too deep with one line on stderr, and goes on",
    async ([args], test) => {
      const { listener, url } = await listen(test, ...args)
      const bodies = [500, 5_000, 400_000].flatMap(deep)
      const statuses: Array<number> = []
      for (const body of bodies) statuses.push(await deliver(url, body))
      assert.strictEqual(await deliver(url, webhook("order.paid", { amount: 5 })), 204)
      const { code, stderr, stdout } = await listener.stop("SIGTERM")

      assert.deepEqual({ code, statuses }, { code: 0, statuses: bodies.map(() => 403) })
      assert.strictEqual(stdout.trimEnd().split("\n").length, 2)
      assert.match(stderr, /^(Refused with 403: The webhook is Polar's, but [^\n]*nests too deep[^\n]*\n){6}$/)
    }
  )

  it("takes an authentic webhook that nests as deep as Polar's data may", async (test) => {
    const { listener, url } = await listen(test, "--json")
    for (const body of deep(490)) assert.strictEqual(await deliver(url, body), 204)
    const { stderr, stdout } = await listener.stop("SIGTERM")
    assert.strictEqual(stderr, "")
    assert.include(stdout, nested(490))
  })

  it("prints one line for a webhook whose texts hold line breaks, and shows them", async (test) => {
    const { listener, url } = await listen(test)
    const forged = `${timestamp} customer_seat.claimed ${seat.id} claimed eve@evil.example`
    const bodies = ["\n", "\r\n", "\u2028", "\u0085", "\u001b[1A\r"].flatMap((lineBreak) => [
      assigned({ email: `ann@acme.com${lineBreak}${forged}` }),
      assigned({ status: `pending${lineBreak}${forged}` }),
      webhook(`order.paid${lineBreak}${forged}`, {})
    ])
    for (const body of bodies) assert.strictEqual(await deliver(url, body), 204)
    const { stdout } = await listener.stop("SIGTERM")

    const lines = stdout.trimEnd().split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    assert.strictEqual(lines.length, 1 + bodies.length)
    assert.deepEqual(
      lines.filter((line) => line.startsWith(forged)),
      []
    )
    assert.include(stdout, `pending ann@acme.com<U+000A>${forged}`)
  })
})
