import { assert, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { single, tokens, world } from "../laws/world.ts"
import { verdicts } from "./emailAddresses.ts"

it.effect.each(verdicts)("the memory judges and spells $address as Polar does", ({ address, normalized }) =>
  Effect.gen(function* () {
    const { assign } = yield* Seats
    const source = AssignmentSource.Subscription({ id: single })
    const result = yield* Effect.result(assign({ source, recipient: Recipient.Email({ email: address }) }))
    assert.strictEqual(result._tag === "Success" ? result.success.email : undefined, normalized)
    const mails = yield* (yield* Outbox).mails
    assert.deepEqual(
      mails.map(({ to }) => to),
      normalized === undefined ? [] : [normalized]
    )
  }).pipe(Effect.provide(SeatsMemory.layer(world, tokens.customer)))
)

it.effect.each(verdicts)("the emulator answers $address as Polar does", ({ address, normalized }) =>
  Effect.gen(function* () {
    const request = HttpClientRequest.post("https://api.polar.sh/v1/customer-seats").pipe(
      HttpClientRequest.bearerToken(tokens.organization),
      HttpClientRequest.bodyJsonUnsafe({ subscription_id: single, email: address })
    )
    const response = yield* HttpClient.execute(request)
    const body = yield* response.json
    if (normalized !== undefined) {
      assert.containSubset(body, { email: normalized, customer_email: normalized, member: { email: normalized } })
      assert.strictEqual(response.status, 200)
      return
    }
    assert.strictEqual(response.status, 422)
    const { detail, error } = body as { readonly error: string; readonly detail: ReadonlyArray<unknown> }
    assert.strictEqual(error, "RequestValidationError")
    assert.containSubset(detail, [{ type: "value_error", loc: ["body", "email"], input: address }])
    assert.match(
      JSON.stringify(detail),
      address.includes("\0")
        ? /"msg":"Value error, Null bytes are not allowed"/
        : /"msg":"value is not a valid email address: (.+)".+"ctx":\{"reason":"\1"\}/
    )
  }).pipe(Effect.provide(Emulator.layer(world)))
)
