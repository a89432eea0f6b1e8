import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Effect } from "effect"
import { subscription, tokens, world } from "../laws/world.ts"
import { ask } from "./emulatorHttp.ts"

// A seeded token may be any text. The ledger looks only at the paths that can hold one
const long = "Q".repeat(43)

describe("the ledger cuts out", () => {
  it.effect.each([
    ["a long token", [long], `/v1/nothing/${long}`, "/v1/nothing/…"],
    ["a long token at the end of a word", [long], `/v1/x${long}`, "/v1/x…"],
    ["a long token inside a word", [long], `/v1/nothing?a=x${long}y`, "/v1/nothing?a=x…y"],
    ["a token of the 16 characters that suffice", ["abcdefghijklmnop"], "/v1/xabcdefghijklmnopx", "/v1/x…x"],
    ["a short token that stands alone", ["ab"], "/v1/ab?c=ab", "/v1/…?c=…"],
    ["a short token beside a long one", [long, "ab"], "/v1/ab/x", "/v1/…/x"],
    ["a token with a slash", ["a/b"], "/v1/a/b", "/v1/…"],
    ["a token with a slash, and a longer word that it begins with", ["a/b", "a"], "/v1/a/b/a", "/v1/…/…"],
    ["a long token with a space", [`${long} ${long}`], `/v1/x${long}%20${long}x`, "/v1/x…x"],
    ["a token that is a part of every path", ["v1"], "/v1/nothing", "/…/nothing"]
  ] as const)("%s", ([, secrets, sent, kept]) =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* ask("GET", sent, { token: tokens.customer })
      assert.deepEqual(
        (yield* emulator.requests).map(({ path }) => path),
        [kept]
      )
    }).pipe(
      Effect.provide(
        Emulator.layer({
          ...world,
          seats: secrets.map((invitationToken) => ({
            subscriptionId: subscription,
            status: "pending" as const,
            invitationToken
          }))
        })
      )
    )
  )

  it.effect("no more than the token", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const path = `/v1/${long.slice(1)}/abc?ab_=cab`
      yield* ask("GET", path)
      assert.deepEqual(
        (yield* emulator.requests).map((request) => request.path),
        [path]
      )
    }).pipe(Effect.provide(Emulator.layer(world)))
  )
})
