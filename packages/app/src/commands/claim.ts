import * as NodeStream from "@effect/platform-node/NodeStream"
import type * as PolarConnection from "@polar-seats/http/PolarConnection"
import { type Claim, type ClaimInfo, ClaimInfoJson, SeatClaims } from "@polar-seats/http/SeatClaims"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { readSetting } from "../config/environment.ts"
import { layerClaims, readTarget } from "../config/polarLayers.ts"
import { callAndShow, type CommandError, type Ended, endCommand, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { printErrIfLost, printOut, printResult, printSecret } from "../output/print.ts"
import { printLine, printLineWithSecret, seatFailure, summaryLine } from "../output/seatLines.ts"
import { formatHolder } from "../output/seatTable.ts"
import type { ClaimFlags } from "./flags.ts"
import { findInvitation, isWhole } from "./invitationLink.ts"

const source = "POLAR_INVITATION_TOKEN"

const tokenMissing = `${source} is missing or empty. Set it to the invitation link or its token, or pass either on stdin.`

const mostCharacters = 8192
const lineEnd = /\r\n|\n|\r/

// The stream closes stdin after the first line. An open stdin would keep the process running
const stdin = NodeStream.fromReadable({ evaluate: () => process.stdin, onError: () => "unreadable" })

const readFirstLine = Effect.gen(function* () {
  const { stdinIsTerminal } = yield* Stdio.Stdio
  // A terminal would show the token. A shell would keep it in its history, so it is no argument either
  if (yield* stdinIsTerminal) return yield* endCommand(exitCode.wrongUse, tokenMissing)
  const text = yield* stdin.pipe(
    Stream.decodeText(),
    Stream.scan(
      () => "",
      (text: string, chunk) => text + chunk
    ),
    Stream.takeUntil((text) => text.length > mostCharacters || lineEnd.test(text.trimStart())),
    Stream.runLast,
    Effect.map(Option.getOrElse(() => "")),
    Effect.catch(() => endCommand(exitCode.failed, "The command cannot read stdin, so it claimed nothing."))
  )
  const [line = "", ...others] = text.slice(0, mostCharacters).trimStart().split(lineEnd, 2)
  if (others.length === 0 && text.length > mostCharacters) {
    return yield* endCommand(
      exitCode.wrongUse,
      `The first line on stdin has more than ${mostCharacters} characters, so it is no invitation, and nothing was sent.`
    )
  }
  return line.trim() === "" ? yield* endCommand(exitCode.wrongUse, tokenMissing) : { from: "stdin", text: line }
})

const readGiven = readSetting(Config.Redacted(source)).pipe(
  Effect.flatMap((given) => {
    const text = given === undefined ? "" : Redacted.value(given)
    return text.trim() === "" ? readFirstLine : Effect.succeed({ from: source, text })
  })
)

// The site that an environment links to. Its API knows no invitation of the other environment
const sites: Readonly<Record<string, PolarConnection.Environment>> = {
  "polar.sh": "production",
  "sandbox.polar.sh": "sandbox"
}

/** Ends the command if the link is of the environment that it would not ask. Polar would call a live invitation dead. */
const checkEnvironment = Effect.fnUntraced(function* (host: string | undefined) {
  const site = sites[host ?? ""]
  const { environment, isCustom } = yield* readTarget
  if (site === undefined || isCustom || site === environment) return
  return yield* endCommand(
    exitCode.wrongUse,
    `The link is of Polar's ${site} environment, and the command would ask ${environment}, so nothing was sent. ` +
      `Set POLAR_ENVIRONMENT to ${site}.`
  )
})

const invitationToken = Effect.gen(function* () {
  const { from, text } = yield* readGiven
  const found = findInvitation(text)
  if (found === undefined) {
    return yield* endCommand(
      exitCode.wrongUse,
      `${from} has no invitation, so nothing was sent. Pass the whole link of the mail, which ends in token=…, or its token.`
    )
  }
  yield* checkEnvironment(found.host)
  return Redacted.make(found.token)
})

// Polar answers alike for a token that it does not know and for one that is dead. A part of a token is not known, and its
// invitation may be live
const refuseCutToken = <A, E extends CommandError, R>(
  token: Redacted.Redacted<string>,
  call: Effect.Effect<A, E, R>
): Effect.Effect<A, E | Ended, R> =>
  Effect.catch(call, (error): Effect.Effect<never, E | Ended> => {
    const { length } = Redacted.value(token)
    return error._tag !== "InvalidInvitation" || isWhole(Redacted.value(token))
      ? Effect.fail(error)
      : endCommand(
          exitCode.wrongUse,
          `Polar does not know the invitation, so no seat was claimed. The token has ${length} characters, and Polar's have ` +
            "43, so it may be cut or have something added. Copy the whole link again."
        )
  })

const printInfo = (info: ClaimInfo) =>
  printResult(
    `A seat of ${info.productName}, by ${info.organizationName} (${info.organizationSlug}), ` +
      `for ${info.customerEmail ?? "a person without an address"}.`,
    Schema.encodeSync(ClaimInfoJson)(info)
  )

const printClaim = Effect.fnUntraced(function* (claim: Claim, showSession: boolean) {
  const { json } = yield* root
  const text = `${claim.seat.id}: claimed by ${formatHolder(claim.seat)}`
  if (json) {
    const line = { id: claim.seat.id, outcome: "claimed", seat: encodeSeat(claim.seat) } as const
    yield* showSession
      ? printLineWithSecret({ ...line, customer_session_token: Redacted.value(claim.session) })
      : printLine(line)
    yield* printLine(summaryLine(["claimed"], ["claimed"], false))
  } else {
    yield* printOut(text)
    if (showSession) yield* printSecret(claim.session)
  }
  yield* printErrIfLost(showSession ? [text, "The token of its session may be lost, and cannot be shown again."] : text)
})

/** Claims a seat with its invitation, or only shows what the invitation is for. */
export const run = Effect.fnUntraced(function* (flags: ClaimFlags) {
  const token = yield* invitationToken
  const { claim, info } = yield* SeatClaims
  yield* flags.info
    ? callAndShow("SeatClaims.info", refuseCutToken(token, info(token)), printInfo)
    : callAndShow(
        "SeatClaims.claim",
        refuseCutToken(token, claim(token)),
        (claim) => printClaim(claim, flags.showSession),
        seatFailure("claimed")
      )
}, Effect.provide(layerClaims))
