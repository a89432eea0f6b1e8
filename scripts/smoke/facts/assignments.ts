import type { Answer } from "../exchange.ts"
import { NotChecked } from "../fact.ts"
import { listing, revocation } from "../keeper.ts"
import type { Run } from "../run.ts"
import { addressOf, isHeld, readSeat, readSeats, type SeatJson } from "../seats.ts"
import type { Surface } from "../surface.ts"

/** The addresses that may be mailed and have no seat yet. Fails if no seat can be assigned to one. */
export const newcomers = ({ keeper: { before }, options: { addresses } }: Run): readonly [string, ...Array<string>] => {
  if (addresses.length === 0) throw new NotChecked("no address may be mailed: pass --mail-to")
  if (before.available === 0) throw new NotChecked("no seat of the subscription is free")
  const seated = new Set(before.seats.filter(isHeld).map(addressOf))
  const [first, ...others] = addresses.filter((address) => !seated.has(address.toLowerCase()))
  if (first === undefined) throw new NotChecked("every address of --mail-to has a seat: pass one without a seat")
  return [first, ...others]
}

/** Assigns a seat. It mails an invitation, unless the claim is immediate. */
export const assign = async (run: Run, address: string, isImmediate = false): Promise<Answer> => {
  const { keeper, options, surface } = run
  keeper.assigning()
  const answer = await run.send({
    method: "POST",
    path: surface.seats,
    token: surface.token,
    body: {
      subscription_id: options.subscription,
      email: address,
      metadata: keeper.metadata,
      ...(isImmediate ? { immediate_claim: true } : {})
    }
  })
  const seat = answer.status === 200 ? readSeat(answer.json) : undefined
  if (seat !== undefined) keeper.assigned(seat)
  return answer
}

/** The seat in the answer to an assignment. */
export const assignedSeat = ({ json, status }: Answer): SeatJson => {
  const seat = status === 200 ? readSeat(json) : undefined
  if (seat === undefined) throw new NotChecked(`no seat was assigned: Polar answered ${status}`)
  return seat
}

export const resend = ({ send }: Run, { seats, token }: Surface, id: string): Promise<Answer> =>
  send({ method: "POST", path: `${seats}/${id}/resend`, token })

export const revoke = ({ send, surface }: Run, id: string): Promise<Answer> => send(revocation(surface, id))

export const list = ({ options, send, surface }: Run): Promise<Answer> => send(listing(surface, options.subscription))

/** One seat in the answer to a list. */
export const seatIn = ({ json }: Answer, id: string): SeatJson | undefined =>
  readSeats(json)?.seats.find((seat) => seat.id === id)

export const claimInfo = ({ send }: Run, token: string): Promise<Answer> =>
  send({ method: "GET", path: `/v1/customer-seats/claim/${token}` })

export const claim = ({ send }: Run, token: string): Promise<Answer> =>
  send({ method: "POST", path: "/v1/customer-seats/claim", body: { invitation_token: token } })

/** Revokes what a scene has assigned, so that the next one finds the seats free. */
export const vacate = ({ keeper, send }: Run): Promise<void> => keeper.vacate(send)

/** The time of an answer by Polar's clock, in milliseconds. */
export const timeOf = ({ headers }: Answer): number => Date.parse(headers["date"]?.[0] ?? "")

/** The expiry of a link, in milliseconds. */
export const expiryOf = (seat: unknown): number =>
  Date.parse(String(Reflect.get(Object(seat), "invitation_token_expires_at")))
