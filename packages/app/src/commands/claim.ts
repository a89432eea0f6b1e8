import * as NodeStream from "@effect/platform-node/NodeStream"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import { type Claim, type ClaimInfo, ClaimInfoJson, SeatClaims } from "@polar-seats/http/SeatClaims"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as String from "effect/String"
import * as Stream from "effect/Stream"
import { readSetting } from "../config/environment.ts"
import { layerClaims } from "../config/polarLayers.ts"
import { callAndShow, endCommand, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { printJson, printJsonWithSecret, printOut, printResult, printSecret } from "../output/print.ts"
import { formatHolder } from "../output/seatTable.ts"
import type { ClaimFlags } from "./flags.ts"

const tokenMissing =
  "POLAR_INVITATION_TOKEN is missing or empty. Set it to the invitation link or its token, or pass either on stdin."

// The stream closes stdin after the first line. An open stdin would keep the process running
const stdin = NodeStream.fromReadable({ evaluate: () => process.stdin, onError: () => "unreadable" })

const readFirstLine = Effect.gen(function* () {
  const { stdinIsTerminal } = yield* Stdio.Stdio
  // A terminal would show the token. A shell would keep it in its history, so it is no argument either
  if (yield* stdinIsTerminal) return yield* endCommand(exitCode.wrongUse, tokenMissing)
  const line = yield* stdin.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runHead,
    Effect.map(Option.match({ onNone: () => "", onSome: String.trim })),
    Effect.catch(() => endCommand(exitCode.failed, "The command cannot read stdin, so it claimed nothing."))
  )
  return line === "" ? yield* endCommand(exitCode.wrongUse, tokenMissing) : Redacted.make(line)
})

// The link in the mail has the token in its query
const extractToken = (given: Redacted.Redacted<string>): Redacted.Redacted<string> => {
  const token = URL.parse(Redacted.value(given))?.searchParams.get("token")
  return token == null ? given : Redacted.make(token)
}

const invitationToken = readSetting(PolarConnection.configToken("POLAR_INVITATION_TOKEN")).pipe(
  Effect.filterOrElse(Predicate.isNotUndefined, () => readFirstLine),
  Effect.map(extractToken)
)

const printInfo = (info: ClaimInfo) =>
  printResult(
    `A seat of ${info.productName}, by ${info.organizationName} (${info.organizationSlug}), ` +
      `for ${info.customerEmail ?? "a person without an address"}.`,
    Schema.encodeSync(ClaimInfoJson)(info)
  )

const printClaim = Effect.fnUntraced(function* (claim: Claim, showSession: boolean) {
  const { json } = yield* root
  if (json) {
    const seat = encodeSeat(claim.seat)
    return yield* showSession
      ? printJsonWithSecret({ seat, customer_session_token: Redacted.value(claim.session) })
      : printJson({ seat })
  }
  yield* printOut(`${claim.seat.id}: claimed by ${formatHolder(claim.seat)}`)
  if (showSession) yield* printSecret(claim.session)
})

/** Claims a seat with its invitation, or only shows what the invitation is for. */
export const run = Effect.fnUntraced(function* (flags: ClaimFlags) {
  const token = yield* invitationToken
  const { claim, info } = yield* SeatClaims
  yield* flags.info
    ? callAndShow("SeatClaims.info", info(token), printInfo)
    : callAndShow("SeatClaims.claim", claim(token), (claim) => printClaim(claim, flags.showSession))
}, Effect.provide(layerClaims))
