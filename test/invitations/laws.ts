import { assert } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { Attempt, Journal } from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as Reissue from "@polar-seats/invitations/Reissue"
import type { ReminderOutcome, RemindOptions } from "@polar-seats/invitations/Reminder"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { ApiSurface } from "../laws/law.ts"
import type { Seats } from "@polar-seats/domain/Seats"
import { OrderId, SeatSource } from "@polar-seats/domain/SeatSource"
import { DateTime, Effect, Redacted, Stream } from "effect"
import { assign, list, mails, ofSubscription, recipients, revoke } from "../laws/law.ts"
import {
  lena,
  manager,
  ofOldOrganization,
  order,
  seats,
  start,
  strangersSubscription,
  subscription,
  tokens,
  unknown
} from "../laws/world.ts"

/** A law of `Invitations` above every implementation of `Seats`. */
export interface Law {
  readonly name: string
  readonly surface?: ApiSurface
  /** The world's token that `Seats` uses. Default: the buyer's, or the organization's. */
  readonly token?: string
  readonly holds: Effect.Effect<void, unknown, Invitations | Journal | Seats | Outbox>
}

const now = DateTime.makeUnsafe(start)
const tomorrow = DateTime.add(now, { hours: 24 })

const seatOf = (id: SeatId, source: SeatSource = ofSubscription) =>
  Effect.flatMap(list(source), (all) => Effect.fromNullishOr(all.seats.find((seat) => seat.id === id)))
const heldBy = (address: string, source: SeatSource = ofSubscription) =>
  Effect.map(list(source), (all) => all.seats.filter((seat) => seat.holderEmail === address))

const reissue = (seat: Seat) => Effect.flatMap(Invitations, (service) => service.reissue(seat))
const remind = (options?: RemindOptions, sources: SeatSource | Iterable<SeatSource> = ofSubscription) =>
  Effect.flatMap(Invitations, (service) => Stream.runCollect(service.remind(sources, options)))
const unfinished = Effect.flatMap(Invitations, (service) => Stream.runCollect(service.unfinished))

/** The outcome of each seat in one word, by seat id. */
const wordsBySeat = (outcomes: ReadonlyArray<ReminderOutcome>): Record<string, string> =>
  Object.fromEntries(
    outcomes.map((outcome) => [
      outcome.seatId,
      outcome._tag === "Skipped" ? outcome.reason._tag : outcome._tag === "Failed" ? outcome.error._tag : outcome._tag
    ])
  )

/** The outcomes in the world's subscription that do not depend on `onExpired`. */
const always = {
  [seats.live]: "Resent",
  [seats.unlimited]: "Resent",
  [seats.memberOnly]: "Resent",
  [seats.customerOnly]: "Resent",
  [seats.claimed]: "NotPending",
  [seats.revoked]: "NotPending",
  [seats.withoutToken]: "InvitationUnavailable",
  [seats.withoutRecipient]: "InvitationUnavailable"
}
const resentTo = ["ann@acme.com", "uli@acme.com", "ben@acme.com", "holder@acme.com"]

const sorted = (texts: ReadonlyArray<string>) => texts.toSorted()

/** A reissue keeps the person, the source and the metadata, and sends one mail with a new link. */
const isReissued = (id: SeatId, source: SeatSource) =>
  Effect.gen(function* () {
    const before = yield* seatOf(id, source)
    const address = before.holderEmail
    assert.isNotNull(address)
    const after = yield* reissue(before)
    assert.strictEqual(after.status, "pending")
    assert.strictEqual(after.holderEmail, address)
    assert.deepEqual(after.seatMetadata, before.seatMetadata)
    assert.deepEqual(after.source, source)
    assert.strictEqual(after.customerId, before.customerId, "the customer stays the same")
    assert.deepEqual(after.invitation(now), { _tag: "Live", expiresAt: tomorrow })
    const [mail, ...others] = yield* mails
    assert.deepEqual(others, [])
    assert.deepInclude(mail, { to: address, seatId: after.id })
    const held = yield* heldBy(address, source)
    assert.deepEqual(
      held.filter(({ status }) => status === "pending").map((seat) => seat.id),
      [after.id]
    )
    assert.deepEqual(yield* unfinished, [])
  })

/** A reissue that stopped after the revocation: its holder has no seat. */
const halfDone = Effect.gen(function* () {
  const seat = yield* seatOf(seats.expired)
  const due = Reissue.fromSeat(seat)
  assert.isDefined(due)
  const { revokedAt } = yield* revoke(seat.id)
  const attempt = Attempt.cases.Reissue.make({
    id: "gone/1",
    owner: "gone",
    startedAt: now,
    until: now,
    reissue: due,
    phase: { _tag: "Revoked", revokedAt }
  })
  const journal = yield* Journal
  yield* journal.put(due.key, { mailed: null, doubt: null, attempt }, undefined)
  return due
})

const refuses = (seat: Effect.Effect<Seat, unknown, Seats>, expected: string) =>
  Effect.gen(function* () {
    const stale = yield* seat
    const before = yield* list(ofSubscription)
    assert.strictEqual((yield* Effect.flip(reissue(stale)))._tag, expected)
    assert.deepEqual(yield* recipients, [])
    assert.deepEqual(yield* list(ofSubscription), before)
    assert.deepEqual(yield* unfinished, [])
  })

export const laws: ReadonlyArray<Law> = [
  {
    name: "a resend mails a live invitation, and returns when its link expires",
    holds: Effect.gen(function* () {
      const { resend } = yield* Invitations
      const seat = yield* seatOf(seats.live)
      const sent = yield* resend(seat)
      assert.strictEqual(sent._tag, "Resent")
      assert.strictEqual(sent.invitation._tag, "Live")
      assert.deepEqual(sent.seat, seat)
      assert.deepEqual(yield* recipients, ["ann@acme.com"])
    })
  },
  {
    name: "a resend of an expired invitation fails before anybody is mailed",
    holds: Effect.gen(function* () {
      const { resend } = yield* Invitations
      const error = yield* Effect.flip(resend(yield* seatOf(seats.expired)))
      assert.strictEqual(error._tag, "InvitationExpired")
      assert.include(error.message, "2026-11-23T06:00:00.000Z")
      assert.include(error.message, "reissue")
      assert.deepEqual(yield* recipients, [])
    })
  },
  {
    name: "a resend with resendAnyway mails an expired invitation, and returns that its link is dead",
    holds: Effect.gen(function* () {
      const { resend } = yield* Invitations
      const sent = yield* resend(yield* seatOf(seats.expired), { onExpired: "resendAnyway" })
      assert.strictEqual(sent._tag, "Resent")
      assert.strictEqual(sent.invitation._tag, "Expired")
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
    })
  },
  {
    name: "a resend with reissue mails a new link for an expired invitation",
    holds: Effect.gen(function* () {
      const { resend } = yield* Invitations
      const sent = yield* resend(yield* seatOf(seats.expired), { onExpired: "reissue" })
      assert.strictEqual(sent._tag, "Reissued")
      assert.deepEqual(sent.invitation, { _tag: "Live", expiresAt: tomorrow })
      const [mail, ...others] = yield* mails
      assert.deepEqual(others, [])
      assert.deepInclude(mail, { to: "eve@acme.com", seatId: sent.seat.id })
      assert.notStrictEqual(mail === undefined ? "" : Redacted.value(mail.token), "expired")
    })
  },
  {
    name: "a resend by id returns that the link is dead",
    holds: Effect.gen(function* () {
      const { resend } = yield* Invitations
      const sent = yield* resend(seats.expired, { onExpired: "reissue" })
      assert.strictEqual(sent._tag, "Resent")
      assert.strictEqual(sent.invitation._tag, "Expired")
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
    })
  },
  { name: "an expired seat is reissued", holds: isReissued(seats.expired, ofSubscription) },
  { name: "a live seat is reissued", holds: isReissued(seats.live, ofSubscription) },
  { name: "a seat whose invitation has no end is reissued", holds: isReissued(seats.unlimited, ofSubscription) },
  { name: "a seat without a token is reissued", holds: isReissued(seats.withoutToken, ofSubscription) },
  {
    name: "a seat of a member is reissued to the member",
    holds: Effect.gen(function* () {
      const { clear } = yield* Outbox
      const { id, memberId } = yield* assign({
        source: AssignmentSource.Subscription({ id: subscription }),
        recipient: Recipient.Member({ id: manager })
      })
      assert.strictEqual(memberId, manager)
      yield* clear
      yield* isReissued(id, ofSubscription)
      assert.strictEqual((yield* heldBy("max@acme.com"))[0]?.memberId, manager)
    })
  },
  {
    name: "a reissue without the member model keeps the seat with its holder, not the buyer",
    token: tokens.oldOrganization,
    surface: "organization",
    holds: Effect.gen(function* () {
      const { clear } = yield* Outbox
      const source = SeatSource.Subscription({ id: ofOldOrganization })
      const { customerId, id } = yield* assign({ source, recipient: Recipient.Customer({ id: lena }) })
      assert.strictEqual(customerId, lena)
      yield* clear
      yield* isReissued(id, source)
    })
  },
  {
    name: "a person who has claimed another seat loses neither",
    holds: refuses(seatOf(seats.memberOnly), "AlreadyClaimed")
  },
  { name: "a seat of an order is reissued", holds: isReissued(seats.ofOrder, SeatSource.Order({ id: order })) },
  {
    name: "a seat that names only a customer is reissued to the customer's address",
    holds: Effect.gen(function* () {
      const after = yield* reissue(yield* seatOf(seats.customerOnly))
      assert.strictEqual(after.holderEmail, "holder@acme.com")
      assert.deepEqual(yield* recipients, ["holder@acme.com"])
    })
  },
  {
    name: "a reissue keeps the metadata",
    holds: Effect.gen(function* () {
      const metadata = { team: "core", level: 3, tags: ["a", { b: null }] }
      const assigned = yield* assign({
        source: AssignmentSource.Subscription({ id: subscription }),
        recipient: Recipient.Email({ email: "zoe@acme.com" }),
        metadata
      })
      assert.deepEqual((yield* reissue(assigned)).seatMetadata, metadata)
    })
  },
  { name: "a claimed seat is not reissued", holds: refuses(seatOf(seats.claimed), "AlreadyClaimed") },
  { name: "a revoked seat is not reissued", holds: refuses(seatOf(seats.revoked), "AlreadyClaimed") },
  {
    name: "a seat that names nobody is not reissued",
    holds: refuses(seatOf(seats.withoutRecipient), "InvitationUnavailable")
  },
  {
    name: "a seat that was revoked after the list is not reissued",
    holds: refuses(
      Effect.tap(seatOf(seats.live), (seat) => revoke(seat.id)),
      "AlreadyClaimed"
    )
  },
  {
    name: "a seat that another person has by now stays theirs",
    holds: Effect.gen(function* () {
      const stale = yield* seatOf(seats.strangers, SeatSource.Subscription({ id: strangersSubscription }))
      yield* revoke(stale.id)
      const taken = yield* assign({
        source: AssignmentSource.Subscription({ id: strangersSubscription }),
        recipient: Recipient.Email({ email: "zoe@example.com" })
      })
      assert.strictEqual(taken.id, stale.id)
      assert.strictEqual((yield* Effect.flip(reissue(stale)))._tag, "AlreadyClaimed")
      assert.deepEqual(yield* recipients, ["zoe@example.com"])
      const [seat] = (yield* list(SeatSource.Subscription({ id: strangersSubscription }))).seats
      assert.strictEqual(seat?.status, "pending")
    }),
    surface: "organization"
  },
  {
    name: "a second reissue of the same seat returns the new seat and mails nobody",
    holds: Effect.gen(function* () {
      const stale = yield* seatOf(seats.expired)
      const first = yield* reissue(stale)
      const second = yield* reissue(stale)
      assert.deepEqual(second, first)
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
    })
  },
  {
    name: "concurrent reissues of a seat send one mail",
    holds: Effect.gen(function* () {
      const seat = yield* seatOf(seats.expired)
      const all = yield* Effect.forEach([1, 2, 3, 4], () => reissue(seat), { concurrency: "unbounded" })
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, 1)
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
    })
  },
  {
    name: "finish ends a reissue that stopped after the revocation",
    holds: Effect.gen(function* () {
      const due = yield* halfDone
      const { finish } = yield* Invitations
      assert.strictEqual((yield* unfinished).length, 1)
      const seat = yield* finish(due)
      assert.strictEqual(seat.holderEmail, "eve@acme.com")
      assert.strictEqual(seat.invitation(now)._tag, "Live")
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
      assert.deepEqual(yield* unfinished, [])
    })
  },
  {
    name: "finish mails once, however often and concurrently it is called",
    holds: Effect.gen(function* () {
      const due = yield* halfDone
      const { finish } = yield* Invitations
      const all = yield* Effect.forEach([1, 2, 3], () => finish(due), { concurrency: "unbounded" })
      all.push(yield* finish(due))
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, 1)
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
      assert.strictEqual((yield* heldBy("eve@acme.com")).length, 1)
    })
  },
  {
    name: "finish ends a reissue that stopped before the revocation",
    holds: Effect.gen(function* () {
      const due = Reissue.fromSeat(yield* seatOf(seats.expired))
      assert.isDefined(due)
      const { finish } = yield* Invitations
      assert.strictEqual((yield* finish(due)).invitation(now)._tag, "Live")
      assert.deepEqual(yield* recipients, ["eve@acme.com"])
    })
  },
  {
    name: "a run finishes a reissue that stopped half-way, and mails its holder once",
    holds: Effect.gen(function* () {
      yield* halfDone
      const outcomes = yield* remind({ onExpired: "reissue" })
      assert.deepInclude(wordsBySeat(outcomes), { ...always, [seats.expired]: "Reissued" })
      assert.deepEqual(sorted(yield* recipients), sorted([...resentTo, "eve@acme.com"]))
      assert.deepEqual(yield* unfinished, [])
    })
  },
  {
    name: "a run mails each live invitation once, and skips the expired ones",
    holds: Effect.gen(function* () {
      const outcomes = yield* remind()
      assert.deepEqual(wordsBySeat(outcomes), { ...always, [seats.expired]: "Expired" })
      assert.strictEqual(outcomes.length, 9, "one outcome for each seat")
      assert.deepEqual(sorted(yield* recipients), sorted(resentTo))
    })
  },
  {
    name: "a run with reissue mails new links for expired invitations",
    holds: Effect.gen(function* () {
      assert.deepEqual(wordsBySeat(yield* remind({ onExpired: "reissue" })), { ...always, [seats.expired]: "Reissued" })
      assert.deepEqual(sorted(yield* recipients), sorted([...resentTo, "eve@acme.com"]))
    })
  },
  {
    name: "a run with resendAnyway mails dead links",
    holds: Effect.gen(function* () {
      assert.deepEqual(wordsBySeat(yield* remind({ onExpired: "resendAnyway" })), {
        ...always,
        [seats.expired]: "Resent"
      })
    })
  },
  {
    name: "a second run with the same journal mails nobody, and reports when it would mail again",
    holds: Effect.gen(function* () {
      yield* remind({ onExpired: "reissue" })
      const before = yield* recipients
      const outcomes = yield* remind({ onExpired: "reissue" })
      assert.deepEqual(yield* recipients, before)
      const again = outcomes.flatMap((outcome) =>
        outcome._tag === "Skipped" && outcome.reason._tag === "MailedRecently" ? [outcome.reason.again] : []
      )
      assert.strictEqual(again.length, 5)
    })
  },
  {
    name: "a run mails everybody again after the cooldown",
    holds: Effect.gen(function* () {
      yield* remind()
      assert.deepInclude(wordsBySeat(yield* remind({ cooldown: 0 })), always)
      assert.strictEqual((yield* recipients).length, 8)
    })
  },
  {
    name: "a run filters by address",
    holds: Effect.gen(function* () {
      const outcomes = yield* remind({ address: (address) => address.startsWith("ann@") })
      assert.strictEqual(wordsBySeat(outcomes)[seats.unlimited], "FilteredOut")
      assert.deepEqual(yield* recipients, ["ann@acme.com"])
    })
  },
  {
    name: "a run filters by the age of the invitation",
    holds: Effect.gen(function* () {
      // The live invitation was mailed at six this morning, the expired one a day earlier
      const outcomes = wordsBySeat(yield* remind({ olderThan: "12 hours", onExpired: "resendAnyway" }))
      assert.deepInclude(outcomes, { [seats.live]: "FilteredOut", [seats.expired]: "Resent" })
      assert.notInclude(yield* recipients, "ann@acme.com")
    })
  },
  {
    name: "a dry run mails nobody, changes nothing, and reports what a real run would do",
    holds: Effect.gen(function* () {
      const before = yield* list(ofSubscription)
      const outcomes = yield* remind({ dryRun: true, onExpired: "reissue" })
      const would: Record<string, string> = Object.fromEntries(
        outcomes.flatMap((outcome) =>
          outcome._tag === "Skipped" && outcome.reason._tag === "DryRun" ? [[outcome.seatId, outcome.reason.would]] : []
        )
      )
      assert.deepInclude(would, { [seats.live]: "Resend", [seats.expired]: "Reissue" })
      assert.deepEqual(yield* recipients, [])
      assert.deepEqual(yield* list(ofSubscription), before)
      const { entries } = yield* Journal
      assert.deepEqual(yield* Stream.runCollect(entries), [])
    })
  },
  {
    name: "a run reads several sources",
    holds: Effect.gen(function* () {
      const outcomes = wordsBySeat(yield* remind({}, [ofSubscription, SeatSource.Order({ id: order })]))
      assert.deepInclude(outcomes, { ...always, [seats.ofOrder]: "Resent" })
    })
  },
  {
    name: "a missing source ends the run after the outcomes of the sources before it",
    holds: Effect.gen(function* () {
      const service = yield* Invitations
      const seen: Array<ReminderOutcome> = []
      const missing = SeatSource.Order({ id: OrderId.make(unknown) })
      const error = yield* Effect.flip(
        Stream.runForEach(service.remind([SeatSource.Order({ id: order }), missing]), (outcome) =>
          Effect.sync(() => seen.push(outcome))
        )
      )
      assert.deepInclude(error, { _tag: "NotFound", resource: "order" })
      assert.deepEqual(wordsBySeat(seen), { [seats.ofOrder]: "Resent" })
    })
  },
  {
    name: "an expired session stops a run",
    surface: "portal",
    token: tokens.expired,
    holds: Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(remind()))._tag, "Unauthorized")
      assert.deepEqual(yield* Effect.flip(remind({ dryRun: true })), yield* Effect.flip(remind()))
    })
  },
  {
    name: "a run as a plain member lists the seats, and stops at the first mail",
    surface: "portal",
    token: tokens.member,
    holds: Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(remind()))._tag, "Forbidden")
    })
  },
  {
    name: "remindOne treats a seat as remind does",
    holds: Effect.gen(function* () {
      const { remindOne } = yield* Invitations
      const live = yield* seatOf(seats.live)
      assert.deepInclude(yield* remindOne(live), { _tag: "Resent", seatId: live.id, address: "ann@acme.com" })
      assert.deepInclude(yield* remindOne(live), { _tag: "Skipped" })
      assert.deepEqual(yield* recipients, ["ann@acme.com"])
    })
  }
]
