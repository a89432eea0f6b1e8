import type { Answer } from "../exchange.ts"
import { member, NotChecked } from "../fact.ts"
import { organizationOf, portalOf, type Run, scene } from "../run.ts"
import type { Surface } from "../surface.ts"
import { assign, assignedSeat, claim, claimInfo, list, newcomers, resend, revoke, vacate } from "./assignments.ts"

/** A resend, with the list of the seats before and after it. */
export interface Resend {
  readonly before: Answer
  readonly answer: Answer
  readonly after: Answer
  /** The token that was mailed, if the server is an emulator. */
  readonly token: string | undefined
}

/** The session of the seat's own holder, who has no rights beyond the seat, and what a resend with it is answered. */
interface HolderSession {
  readonly session: Answer
  readonly resend: Answer | undefined
}

/** The answers in the life of one seat, in their order. A part that this run cannot have is undefined. */
export interface Life {
  readonly address: string
  readonly id: string
  readonly assigned: Answer
  readonly firstToken: string | undefined
  readonly assignedTwice: Answer | undefined
  readonly resends: ReadonlyMap<Surface["name"], Resend>
  readonly holder: HolderSession | undefined
  readonly listed: Answer
  readonly revoked: Answer
  readonly listedAfterwards: Answer
  readonly revokedAgain: Answer
  readonly resentRevoked: Answer
  readonly reassigned: Answer
  readonly links: Links | undefined
}

/** The answers to the two links. Only an emulator shows them. */
interface Links {
  readonly token: string
  readonly old: Answer
  readonly current: Answer
  readonly claimed: Answer
}

const resendOn = async (run: Run, surface: Surface, id: string): Promise<Resend> => {
  const before = await list(run)
  const answer = await resend(run, surface, id)
  const token = await run.emulator?.lastToken(id)
  return { before, answer, after: await list(run), token }
}

const holderSession = async (run: Run, seat: unknown, id: string): Promise<HolderSession | undefined> => {
  const [portal, organization] = (["portal", "organization"] as const).map((name) =>
    run.options.surfaces.find((surface) => surface.name === name)
  )
  if (organization === undefined) return undefined
  const session = await run.send({
    method: "POST",
    path: "/v1/customer-sessions/",
    token: organization.token,
    body: { customer_id: member(seat, "customer_id"), member_id: member(seat, "member_id") }
  })
  const token = member(session.json, "token")
  if (typeof token !== "string") return { session, resend: undefined }
  run.secrets.add(token)
  // Without the member model the session belongs to a customer, who has no role
  if (!token.startsWith("polar_mst_")) return { session, resend: undefined }
  const path = `${portal?.seats ?? "/v1/customer-portal/seats"}/${id}/resend`
  return { session, resend: await run.send({ method: "POST", path, token }) }
}

const linksOf = async (run: Run, id: string, first: string | undefined): Promise<Links | undefined> => {
  const token = await run.emulator?.lastToken(id)
  if (token === undefined || first === undefined) return undefined
  const [old, current] = [await claimInfo(run, first), await claimInfo(run, token)]
  const claimed = await claim(run, token)
  const session = member(claimed.json, "customer_session_token")
  run.secrets.add(typeof session === "string" ? session : undefined)
  return { token, old, current, claimed }
}

/** Assigns, resends, revokes and reissues one seat. */
export const life = scene(async (run): Promise<Life> => {
  const [address] = newcomers(run)
  const assigned = await assign(run, address)
  const seat = assignedSeat(assigned)
  const { id } = seat
  const firstToken = await run.emulator?.lastToken(id)
  // A full subscription is refused before the holder is looked up
  const assignedTwice = run.keeper.before.available < 2 ? undefined : await assign(run, address)
  const resends = new Map<Surface["name"], Resend>()
  for (const surface of run.options.surfaces) resends.set(surface.name, await resendOn(run, surface, id))
  const holder = await holderSession(run, seat, id)
  const listed = await list(run)
  const revoked = await revoke(run, id)
  const listedAfterwards = await list(run)
  const revokedAgain = await revoke(run, id)
  const resentRevoked = await resend(run, run.surface, id)
  const reassigned = await assign(run, address)
  const links = await linksOf(run, assignedSeat(reassigned).id, firstToken)
  await vacate(run)
  return {
    address,
    id,
    assigned,
    firstToken,
    assignedTwice,
    resends,
    holder,
    listed,
    revoked,
    listedAfterwards,
    revokedAgain,
    resentRevoked,
    reassigned,
    links
  }
})

/** The resend on a surface, if the run has a token for it. */
export const resendIn = async (run: Run, name: Surface["name"]): Promise<Resend> => {
  const { name: known } = name === "portal" ? portalOf(run) : organizationOf(run)
  const found = (await life(run)).resends.get(known)
  if (found === undefined) throw new NotChecked("nothing was resent there")
  return found
}
