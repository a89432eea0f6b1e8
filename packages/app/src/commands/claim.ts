import * as NodeStream from "@effect/platform-node/NodeStream"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import { type Claim, type ClaimInfo, ClaimInfoJson, ClaimJson, SeatClaims } from "@polar-seats/http/SeatClaims"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { ask, end, exitCode, printJson, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { root } from "../globalFlags.ts"
import { describeHolder } from "../output/seatTable.ts"
import { setting } from "../config/environment.ts"

const wanted =
  "POLAR_INVITATION_TOKEN is missing or empty. Put the invitation link or its token there, or pass it on stdin."

// Closed after the first line, because one that stays open would keep the process waiting
const stdin = NodeStream.fromReadable({ evaluate: () => process.stdin, onError: () => "unreadable" })

const firstLine = Effect.gen(function* () {
  const { stdinIsTerminal } = yield* Stdio.Stdio
  // A terminal would show the token, and a shell would keep an argument
  if (yield* stdinIsTerminal) return yield* end(exitCode.wrongUse, wanted)
  const line = yield* stdin.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runHead,
    Effect.map(Option.match({ onNone: () => "", onSome: (line) => line.trim() })),
    Effect.catch(() => end(exitCode.failed, "stdin cannot be read."))
  )
  return line === "" ? yield* end(exitCode.wrongUse, wanted) : Redacted.make(line)
})

/** What a mail has is a link, with the token in its query. */
const tokenIn = (given: Redacted.Redacted<string>): Redacted.Redacted<string> => {
  const token = URL.parse(Redacted.value(given))?.searchParams.get("token")
  return token == null ? given : Redacted.make(token)
}

const invitationToken = setting(PolarConnection.configToken("POLAR_INVITATION_TOKEN")).pipe(
  Effect.filterOrElse(Predicate.isNotUndefined, () => firstLine),
  Effect.map(tokenIn)
)

const encodeInfo = Schema.encodeEffect(ClaimInfoJson)
const encodeClaim = Schema.encodeEffect(ClaimJson)

const showInfo = Effect.fnUntraced(function* (info: ClaimInfo) {
  const { json } = yield* root
  if (json) return yield* printJson(JSON.stringify(yield* Effect.orDie(encodeInfo(info))))
  yield* say(
    `A seat of ${info.productName}, by ${info.organizationName} (${info.organizationSlug}), ` +
      `for ${info.customerEmail ?? "somebody without an address"}.`
  )
})

const showClaim = Effect.fnUntraced(function* (claim: Claim, showSession: boolean) {
  const { json } = yield* root
  if (json) {
    const { customer_session_token, seat } = yield* Effect.orDie(encodeClaim(claim))
    return yield* printJson(JSON.stringify({ seat, ...(showSession ? { customer_session_token } : {}) }))
  }
  yield* say(`${claim.seat.id}: claimed by ${describeHolder(claim.seat)}`)
  if (showSession) yield* say(Redacted.value(claim.session))
})

/** Accepts an invitation, or tells what it is for. */
export const run = Effect.fnUntraced(function* (flags: { readonly info: boolean; readonly showSession: boolean }) {
  const token = yield* invitationToken
  const { claim, info } = yield* SeatClaims
  yield* flags.info
    ? ask("SeatClaims.info", info(token), showInfo)
    : ask("SeatClaims.claim", claim(token), (claim) => showClaim(claim, flags.showSession))
}, Effect.provide(Polar.claims))
