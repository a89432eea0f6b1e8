import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { type Seat, SeatId, type SeatsList } from "@polar-seats/domain/Seat"
import type { SeatError } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import * as World from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as RetryPolicy from "@polar-seats/http/RetryPolicy"
import { layer as layerClaims, SeatClaims } from "@polar-seats/http/SeatClaims"
import { encodeSeat, encodeSeatsList } from "@polar-seats/http/SeatJson"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Match from "effect/Match"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { layerHttpClient } from "../config/httpClient.ts"
import { layerSeats } from "../config/polarLayers.ts"
import { endCommand, endWithError, exitCode, reportInterruption } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { type Lines, printErr, printJson, printOut, toErrorJson } from "../output/print.ts"
import { formatHolder, formatInvitation, formatSeatTable } from "../output/seatTable.ts"
import { stdoutColumns } from "../output/terminal.ts"
import { layerEmulator } from "./emulator.ts"
import { layerSocket, serverUrl } from "./serveUntilInterrupted.ts"
import type { DemoFlags } from "./flags.ts"
import { readSource } from "./sourceFlags.ts"

const team = World.team({
  seats: 5,
  pending: ["ann@acme.com"],
  expired: ["eve@acme.com"],
  claimed: ["ben@acme.com"]
})
const dan = SeatId.make("ae2d8a57-1e03-4c9c-9eb7-6fac45af8e51")
const nobody = SeatId.make("30c81c46-a35c-4411-a5fb-c1191a0a52ef")
const otherUuidVersion = SubscriptionId.make("0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88")

const world: World.WorldInput = {
  ...team,
  seats: [
    ...team.seats,
    {
      id: dan,
      subscriptionId: team.subscription,
      customerId: team.buyer,
      status: "pending",
      email: "dan@acme.com",
      createdAt: "-6 hours",
      // No token: Polar has such seats too
      invitationTokenExpiresAt: "+18 hours"
    }
  ]
}

/** Tells the buyer what to do about an error. Your program would use words of its own here. */
const adviseBuyer = Match.typeTags<SeatError, string>()({
  NotFound: () => "That seat is gone. Choose one from the list.",
  AlreadyClaimed: () => "No need to: the invitation was accepted or withdrawn.",
  InvitationUnavailable: () => "Revoke this seat and assign it again.",
  Unauthorized: ({ reason }) =>
    reason === "WrongToken" ? "This shop is set up wrongly, we are on it." : "Please sign in again.",
  Forbidden: ({ reason }) => (reason === "Role" ? "Ask an owner of your team." : "Seats are not for sale here."),
  InvalidRequest: () => "Please correct what is marked.",
  NoSeatAvailable: () => "All seats are taken. Buy more, or revoke one.",
  AlreadyAssigned: () => "They have a seat already.",
  RecipientNotFound: () => "We do not know them. Try their e-mail address.",
  RateLimited: () => "Too fast. Try again in a minute.",
  Unavailable: (error) => (error.mayHaveHappened ? "Look at the list before you try again." : "Try again later.")
})

/** Prints a text for people, or the step as JSON with `--json`. A text without a step is for people only. */
const printStep = Effect.fnUntraced(function* (
  text: Lines,
  step?: { readonly step: string; readonly [key: string]: unknown }
) {
  const { json } = yield* root
  if (!json) return yield* printOut(text)
  if (step !== undefined) yield* printJson(step)
})

const provokeRefusal = Effect.fnUntraced(function* <A, E extends SeatError>(attempt: Effect.Effect<A, E, Seats>) {
  const error = yield* Effect.flip(attempt).pipe(
    Effect.onInterrupt(() => printErr("Interrupted. The last call mails nobody.")),
    Effect.catch(() => endCommand(exitCode.failed, "Polar accepted a call that it should have refused."))
  )
  const advice = adviseBuyer(error)
  yield* printStep(`  ${error._tag}: ${error.message}  ->  the buyer reads: "${advice}"`, {
    step: "refusal",
    ...toErrorJson(error),
    advice
  })
})

const resend = (id: SeatId) => Effect.flatMap(Seats, (seats) => seats.resend(id))
const list = (source: SeatSource) => Effect.flatMap(Seats, (seats) => seats.list(source))

const showSeats = Effect.fnUntraced(function* (source: SeatSource) {
  const found: SeatsList = yield* list(source).pipe(reportInterruption("Seats.list"), Effect.catch(endWithError))
  const { availableSeats, seats, totalSeats } = found
  yield* printStep(
    [
      "",
      `The seats of the subscription (${availableSeats} of ${totalSeats} free):`,
      "",
      ...formatSeatTable(seats, yield* readPolarTime, { columns: yield* stdoutColumns })
    ],
    { step: "list", ...encodeSeatsList(found) }
  )
  return seats
})

const showResend = Effect.fnUntraced(function* (id: SeatId) {
  const seat = yield* resend(id).pipe(reportInterruption("Seats.resend"), Effect.catch(endWithError))
  yield* printStep(["", `Resent the invitation of seat ${seat.id} to ${formatHolder(seat)}.`], {
    step: "resend",
    seat: encodeSeat(seat)
  })
})

const lastMail = Effect.gen(function* () {
  const mail = (yield* (yield* Outbox).mails).at(-1)
  return mail ?? (yield* endCommand(exitCode.failed, "The emulator sent no mail."))
})

const showDeadLink = Effect.gen(function* () {
  const outbox = yield* Outbox
  const before = (yield* outbox.mails).length
  const seat = yield* Effect.catch(resend(team.seatOf("eve@acme.com")), endWithError)
  const invitation = seat.invitation(yield* readPolarTime)
  const mailed = (yield* outbox.mails).length - before
  if (invitation._tag !== "Expired")
    return yield* endCommand(exitCode.failed, "The invitation of eve@acme.com has not expired.")
  yield* printStep(
    [
      "",
      `Polar does not report a dead link: it answered the resend to ${formatHolder(seat)} with 200 and sent ${mailed} mail,`,
      `but the link in it has been dead since ${DateTime.formatIso(invitation.expiredAt)}.`,
      "`seat.invitation(now)` shows it. A reissue mails a new link: it revokes the seat and assigns it to the same person."
    ],
    {
      step: "dead-link",
      seat: encodeSeat(seat),
      mails: mailed,
      expired_at: Timestamp.format(invitation.expiredAt)
    }
  )
  return seat
})

const showReissue = Effect.fnUntraced(function* (seat: Seat) {
  const { reissue } = yield* Invitations
  const reissued = yield* Effect.catch(reissue(seat), endWithError)
  const { subject, to, token } = yield* lastMail
  yield* printStep(
    [
      "",
      `Reissued to ${formatHolder(reissued)} (${formatInvitation(reissued, yield* readPolarTime)}).`,
      `  The mail that was sent: to ${to}, "${subject}"`
    ],
    { step: "reissue", seat: encodeSeat(reissued) }
  )
  const { claim } = yield* SeatClaims
  const claimed = yield* Effect.catch(claim(token), endWithError)
  yield* printStep(`  Its link works: ${formatHolder(claimed.seat)} has claimed the seat.`, {
    step: "claim",
    seat: encodeSeat(claimed.seat)
  })
})

const runOnEmulator = Effect.gen(function* () {
  const baseUrl = yield* serverUrl
  const as = (token: Redacted.Redacted<string>, url = baseUrl) =>
    // The URLs and the tokens are constants, so they are valid
    Layer.orDie(PortalSeats.layer({ token, baseUrl: url })).pipe(Layer.provide(layerHttpClient))
  const ann = team.seatOf("ann@acme.com")
  const claims = Layer.orDie(layerClaims({ baseUrl })).pipe(Layer.provide(layerHttpClient))
  const invitations = Layer.merge(Invitations.layer.pipe(Layer.provide(Journal.layerMemory)), claims)

  yield* printStep(`An emulator of Polar listens on ${baseUrl}. The demo calls it over HTTP.`, {
    step: "emulator",
    url: baseUrl
  })
  yield* Effect.gen(function* () {
    yield* showSeats(team.source)
    yield* showResend(ann)
    const { subject, to } = yield* lastMail
    yield* printStep(`  The mail that was sent: to ${to}, "${subject}"`, { step: "mail", to, subject })
    yield* printStep(["", "Each refusal is a typed error. For each, the program tells the buyer what to do:", ""])
    yield* provokeRefusal(resend(nobody))
    yield* provokeRefusal(resend(team.seatOf("ben@acme.com")))
    yield* provokeRefusal(resend(dan))
    yield* provokeRefusal(list(SeatSource.Subscription({ id: otherUuidVersion })))
  }).pipe(Effect.provide(as(team.token)))
  yield* provokeRefusal(resend(ann)).pipe(Effect.provide(as(team.organizationToken)))
  yield* provokeRefusal(resend(ann)).pipe(Effect.provide(as(Redacted.make("polar_cst_expired"))))
  yield* provokeRefusal(resend(ann)).pipe(Effect.provide(as(team.sessionOf("ben@acme.com"))))
  // No retries, so that the demo does not wait for their delays
  yield* provokeRefusal(resend(ann)).pipe(
    RetryPolicy.provide({ times: 0 }),
    Effect.provide(as(team.token, "http://127.0.0.1:1"))
  )

  yield* Effect.flatMap(showDeadLink, showReissue).pipe(
    Effect.provide(invitations.pipe(Layer.provideMerge(as(team.token))))
  )
})

const runOnPolar = Effect.fnUntraced(function* (source: SeatSource, yes: boolean) {
  const seats = yield* showSeats(source)
  const now = yield* readPolarTime
  const live = seats.find((seat) => seat.invitation(now)._tag === "Live")
  if (live === undefined) yield* printStep(["", "No seat has a live invitation, so the demo resends none."])
  else if (yes) yield* showResend(live.id)
  else yield* printStep(["", `With --yes, the demo would resend the invitation of ${formatHolder(live)} now.`])
  yield* printStep(["", "Refusals that mail nobody:", ""])
  yield* provokeRefusal(resend(nobody))
  const claimed = seats.find((seat) => seat.status === "claimed")
  if (claimed !== undefined) yield* provokeRefusal(resend(claimed.id))
}, Effect.provide(layerSeats))

/** Shows a resend and its refusals, on an emulator of its own or on the server that the environment names. */
export const run = Effect.fnUntraced(function* (flags: DemoFlags) {
  if (Option.isSome(flags.subscription) || Option.isSome(flags.order)) {
    return yield* runOnPolar(yield* readSource(flags), flags.yes)
  }
  const emulator = layerEmulator(world).pipe(Layer.provideMerge(layerSocket({ host: "127.0.0.1", port: 0 })))
  yield* Effect.provide(runOnEmulator, emulator).pipe(
    Effect.catchTags({
      ServeError: () => endCommand(exitCode.failed, "The emulator cannot listen on any port of 127.0.0.1."),
      InvalidWorld: Effect.die
    })
  )
})
