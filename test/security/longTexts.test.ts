import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { createServer } from "node:http"
import { once } from "node:events"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { layer as portalSeats } from "@polar-seats/http/PortalSeats"
import { assert, it } from "vitest"
import { run } from "../app/runCli.ts"
import { ask } from "../emulator/emulatorHttp.ts"
import { documentedSeat } from "../http/polarFixtures.ts"
import { tokens, world } from "../laws/world.ts"
import { isLinear, measureGrowth } from "./patterns/growth.ts"

it.each([
  ["slashes in a path", (length: number) => `/v1/customer-seats/${"/".repeat(length)}x/`],
  ["slashes at the end of a path", (length: number) => `/v1/customer-seats${"/".repeat(length)}`],
  ["slashes in the path of a claim", (length: number) => `/v1/customer-seats/claim/x${"/".repeat(length)}x`],
  ["words in the path of a claim", (length: number) => `/v1/customer-seats/claim/x${"/stream".repeat(length / 7)}x`],
  ["escapes in a path", (length: number) => `/v1/${"%2F".repeat(length / 3)}x`],
  ["a query", (length: number) => `/v1/customer-seats/claim/x?${"a=/".repeat(length / 3)}x`]
])("the emulator answers in time that is proportional to %s", (_, pathOf) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Effect.Services<ReturnType<typeof ask>>>()
    const answer = (length: number) =>
      Effect.runPromiseWith(context)(ask("GET", pathOf(length), { token: tokens.customer }))
    const growth = yield* Effect.promise(() => measureGrowth(answer))
    assert.isTrue(isLinear(growth), `grew ${growth} times`)
  }).pipe(Effect.provide(Emulator.layer(world)), Effect.runPromise)
)

it("a base URL is read in time that is proportional to its slashes", async () => {
  const growth = await measureGrowth((length) =>
    Effect.runPromise(
      Effect.provide(
        Effect.void,
        Layer.provide(
          portalSeats({ token: Redacted.make("polar_cst_x"), baseUrl: `https://polar.test/${"/".repeat(length)}x` }),
          FetchHttpClient.layer
        )
      )
    )
  )
  assert.isTrue(isLinear(growth), `grew ${growth} times`)
})

it("remind matches a pattern of many stars at once", async ({ onTestFinished }) => {
  const email = `${"a".repeat(64)}@acme.com`
  const seats = [
    { ...documentedSeat, email, customer_email: email, invitation_token_expires_at: "2999-01-01T00:00:00Z" }
  ]
  const server = createServer((_, response) =>
    response
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ seats, available_seats: 0, total_seats: 1 }))
  ).listen(0, "127.0.0.1")
  onTestFinished(() => void server.close())
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? address?.port : ""
  const patterns = [`${"*a".repeat(30)}*b`, `${"*?".repeat(30)}*b`, "*".repeat(60_000), `${"*a".repeat(30)}*m`]
  const counts: Array<number> = []
  for (const pattern of [patterns.slice(0, 2), patterns.slice(2)]) {
    const { code, stdout } = await run(
      [
        "remind",
        "--dry-run",
        "--json",
        "--subscription",
        documentedSeat.subscription_id,
        ...pattern.flatMap((pattern) => ["--to", pattern])
      ],
      { POLAR_API_URL: `http://127.0.0.1:${port}`, POLAR_CUSTOMER_SESSION: "polar_cst_x" }
    )
    assert.strictEqual(code, 0)
    counts.push(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").people)
  }
  assert.deepEqual(counts, [0, 1])
})
