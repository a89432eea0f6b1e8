import { compare, type Difference, type Fact, holds, member, NotChecked, polarError, same } from "../fact.ts"
import { emulatorOf, organizationOf, type Run } from "../run.ts"
import { addressOf, isHeld, readSeat, readSeats } from "../seats.ts"
import type { Surface } from "../surface.ts"
import { expiryOf, seatIn, timeOf } from "./assignments.ts"
import { life, resendIn } from "./life.ts"

const day = 86_400_000
const keys = [
  "created_at",
  "modified_at",
  "id",
  "subscription_id",
  "order_id",
  "status",
  "customer_id",
  "member_id",
  "member",
  "email",
  "customer_email",
  "invitation_token_expires_at",
  "claimed_at",
  "revoked_at",
  "seat_metadata"
]
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z$/

/** The refusal of a resend. */
export const notPending = { status: 400, text: polarError("SeatNotPending", "Seat is not in pending status") }

const renewal =
  "Polar renews links now. A resend revives an expired invitation, so `resend` need not refuse it, and `reissue` need not " +
  "revoke. Until the policy of `Invitations` follows, its users revoke seats for nothing."

const renewsNothing = async (run: Run, name: Surface["name"]): Promise<ReadonlyArray<Difference>> => {
  const { firstToken, id } = await life(run)
  const { after, answer, before, token } = await resendIn(run, name)
  const was = seatIn(before, id)
  const differences = (where: string, seat: unknown) =>
    ["invitation_token_expires_at", "modified_at", "status"].flatMap((key) =>
      same(`"${key}" in ${where}`, member(was, key), member(seat, key))
    )
  return [
    ...compare(answer, { status: 200 }),
    ...(answer.status === 200 ? differences("the answer to the resend", answer.json) : []),
    ...differences("the list after the resend", seatIn(after, id)),
    ...holds(token === firstToken, "the token in the mail", "that of the first mail", "another one")
  ]
}

/** The life of a seat that this run assigns. */
export const seats: ReadonlyArray<Fact> = [
  {
    name: "assign",
    says: "Polar assigns a free seat with 200, and the seat is pending.",
    means: "`Seats.assign` fails, or its seat is not what the caller expects.",
    check: async (run) => {
      const { address, assigned } = await life(run)
      const { subscription } = run.options
      const seat = readSeat(assigned.json)
      return [
        ...compare(assigned, {
          status: 200,
          json: { status: "pending", subscription_id: subscription, order_id: null, claimed_at: null, revoked_at: null }
        }),
        ...same("the holder", address.toLowerCase(), seat && addressOf(seat))
      ]
    }
  },
  {
    name: "seat-fields",
    says: "A seat has 15 keys, and its times are UTC with six digits or none.",
    means: "The decoder ignores a new key. A key that is gone, or another time, is `UnexpectedResponse`.",
    check: async (run) => {
      const { assigned } = await life(run)
      const seat = Object(assigned.json)
      const times = ["created_at", "invitation_token_expires_at"].map((key) => member(seat, key))
      return [
        ...same("the keys of a seat", keys, Object.keys(seat)),
        ...holds(
          times.every((each) => time.test(String(each))),
          "the times",
          "as 2026-08-22T10:00:00.123456Z",
          times
        )
      ]
    }
  },
  {
    name: "link-lifetime",
    says: "A link lives 24 hours by the `Date` of the answer.",
    means: "`seat.invitation(now)` reads the expiry from the seat. Documents and messages that say 24 hours are wrong.",
    check: async (run) => {
      const { assigned } = await life(run)
      const lifetime = expiryOf(assigned.json) - timeOf(assigned)
      const tolerance = assigned.took + 2000
      return holds(
        Math.abs(lifetime - day) <= tolerance,
        "the seconds from `Date` to the expiry",
        "86400",
        lifetime / 1000
      )
    }
  },
  {
    name: "list",
    says: "Polar lists every row in `seats`, and counts those that nobody holds as available.",
    means: "The counts of `Seats.list` are wrong.",
    check: async (run) => {
      const { id, listed } = await life(run)
      const seats = readSeats(listed.json)
      if (seats === undefined) return holds(false, "the list", "seats, available_seats, total_seats", listed.json)
      const held = seats.seats.filter(isHeld).length
      return [
        ...same("the keys of the list", ["seats", "available_seats", "total_seats"], Object.keys(Object(listed.json))),
        ...same("available_seats", Math.max(0, seats.total - held), seats.available),
        ...holds(
          seats.seats.some((seat) => seat.id === id),
          "the rows",
          `the seat ${id} among them`,
          "another list"
        )
      ]
    }
  },
  {
    name: "already-assigned",
    says: "Polar answers a second seat for the same person with 400 SeatAlreadyAssigned.",
    means: "`AlreadyAssigned` becomes another error, or one person gets two seats.",
    check: async (run) => {
      const { address, assignedTwice } = await life(run)
      if (assignedTwice === undefined) throw new NotChecked("it needs two free seats")
      const text = polarError("SeatAlreadyAssigned", `Seat already assigned to customer ${address}`)
      return compare(assignedTwice, { status: 400, text })
    }
  },
  {
    name: "resend",
    says: "A resend on the portal renews nothing: 200, the same link, the same expiry, `modified_at` as before.",
    means: renewal,
    check: (run) => renewsNothing(run, "portal")
  },
  {
    name: "resend-by-organization",
    says: "A resend on the organization's surface renews nothing either.",
    means: renewal,
    check: (run) => renewsNothing(run, "organization")
  },
  {
    name: "session",
    says: "Polar creates a session for a customer or a member with 201.",
    means: "`CustomerSessions.create` and `PortalSeats.layerForCustomer` fail.",
    check: async (run) => {
      organizationOf(run)
      const { holder } = await life(run)
      if (holder === undefined) throw new NotChecked("no session was asked for")
      const token = String(member(holder.session.json, "token"))
      return [
        ...compare(holder.session, { status: 201 }),
        ...holds(
          /^polar_[mc]st_/.test(token),
          "the token",
          "one that begins with polar_mst_ or polar_cst_",
          "another one"
        )
      ]
    }
  },
  {
    name: "role",
    says: "Polar answers a member who is neither owner nor billing manager with 403 NotPermitted.",
    means: "`Forbidden` gives another reason, or every member may resend.",
    check: async (run) => {
      organizationOf(run)
      const answer = (await life(run)).holder?.resend
      if (answer === undefined) throw new NotChecked("no session of a member could be created")
      const detail = "Only owners and billing managers can access billing features."
      return compare(answer, { status: 403, text: polarError("NotPermitted", detail) })
    }
  },
  {
    name: "revoke",
    says: "A revocation answers 200 with the seat: holder gone, expiry kept, and the member of before still in it.",
    means: "`Seats.revoke` and `reissue` check this answer. Other fields mean another check.",
    check: async (run) => {
      const { address, id, listed, revoked } = await life(run)
      const was = seatIn(listed, id)
      return [
        ...compare(revoked, {
          status: 200,
          json: {
            id,
            status: "revoked",
            customer_id: null,
            member_id: null,
            email: null,
            member: member(was, "member"),
            customer_email: member(was, "customer_email"),
            invitation_token_expires_at: member(was, "invitation_token_expires_at")
          }
        }),
        ...holds(
          String(member(revoked.json, "customer_email")).toLowerCase() === address.toLowerCase(),
          "customer_email",
          JSON.stringify(address),
          member(revoked.json, "customer_email")
        )
      ]
    }
  },
  {
    name: "revoked-in-list",
    says: "A list after the revocation shows the row without any holder.",
    means: "A revoked row keeps its holder, or is gone: `reissue` needs it to prove who revoked the seat.",
    check: async (run) => {
      const { id, listedAfterwards } = await life(run)
      const row = seatIn(listedAfterwards, id)
      return ["revoked", null, null, null, null, null].flatMap((expected, index) => {
        const key = ["status", "customer_id", "member_id", "member", "email", "customer_email"][index] ?? ""
        return same(`"${key}" of the row`, expected, member(row, key))
      })
    }
  },
  {
    name: "revoke-again",
    says: "A second revocation answers 200 and changes nothing.",
    means: "The client retries a revocation after a lost answer, and must not any more.",
    check: async (run) => {
      const { id, listedAfterwards, revokedAgain } = await life(run)
      const revokedAt = member(seatIn(listedAfterwards, id), "revoked_at")
      return compare(revokedAgain, { status: 200, json: { id, status: "revoked", revoked_at: revokedAt } })
    }
  },
  {
    name: "resend-revoked",
    says: "Polar answers the resend of a revoked seat with 400 SeatNotPending.",
    means: "`AlreadyClaimed` becomes another error, or a mail leaves.",
    check: async (run) => compare((await life(run)).resentRevoked, notPending)
  },
  {
    name: "row-reuse",
    says: "An assignment reuses a revoked row: the same id and `created_at`.",
    means: "An id no longer lives on after a revocation. `reissue` and the journal follow a seat by its id.",
    check: async (run) => {
      const { listedAfterwards, reassigned } = await life(run)
      const id = String(member(reassigned.json, "id"))
      const row = seatIn(listedAfterwards, id)
      return [
        ...same("the status of the row before", "revoked", row?.status),
        ...same("created_at", member(row, "created_at"), member(reassigned.json, "created_at"))
      ]
    }
  },
  {
    name: "new-link",
    says: "Revoke and assign again makes a new link, good for 24 hours.",
    means: "`reissue` helps nobody any more.",
    check: async (run) => {
      const { reassigned } = await life(run)
      const lifetime = expiryOf(reassigned.json) - timeOf(reassigned)
      const isWhole = Math.abs(lifetime - day) <= reassigned.took + 2000
      return holds(isWhole, "the seconds from `Date` to the new expiry", "86400", lifetime / 1000)
    }
  },
  {
    name: "old-link",
    says: "The link of before a reissue is dead: a look at it is 404.",
    means: "A revoked holder can claim the seat after all.",
    check: async (run) => {
      emulatorOf(run)
      const links = (await life(run)).links
      if (links === undefined) throw new NotChecked("no mail has a link")
      const text = polarError("ResourceNotFound", "Invalid or expired invitation token")
      return [
        ...compare({ ...links.old, asked: "a look at the old link" }, { status: 404, text }),
        ...compare({ ...links.current, asked: "a look at the new link" }, { status: 200, json: { can_claim: true } })
      ]
    }
  },
  {
    name: "claim",
    says: "A claim answers 200 with the claimed seat, its old expiry and a session.",
    means: "`SeatClaims.claim` cannot read the answer.",
    check: async (run) => {
      emulatorOf(run)
      const { links } = await life(run)
      if (links === undefined) throw new NotChecked("no mail has a link")
      const seat = member(links.claimed.json, "seat")
      const session = String(member(links.claimed.json, "customer_session_token"))
      return [
        ...compare(links.claimed, { status: 200 }),
        ...same("the status of the seat", "claimed", member(seat, "status")),
        ...holds(
          expiryOf(seat) > timeOf(links.claimed),
          "its expiry",
          "that of the link",
          member(seat, "invitation_token_expires_at")
        ),
        ...holds(
          /^polar_[mc]st_/.test(session),
          "the session",
          "one that begins with polar_mst_ or polar_cst_",
          "another"
        )
      ]
    }
  }
]
