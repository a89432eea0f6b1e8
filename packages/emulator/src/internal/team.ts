import type * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Str from "effect/String"
import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { CustomerId, MemberId, SeatId } from "@polar-seats/domain/Seat"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { WorldInput } from "../World.ts"
import { emailProblem, normalizeEmail } from "./validation/email.ts"
import { type WorldIssue, worldIssues } from "./worldIssues.ts"

/** The people of a team, by the state of their seats. */
export interface TeamInput<Address extends string = string> {
  /** How many seats the buyer has paid for. */
  readonly seats: number
  /** The addresses of people who can still accept their invitation. They were invited 6 hours before the seed. */
  readonly pending?: ReadonlyArray<Address> | undefined
  /** The addresses of people whose invitation expired 6 hours before the seed. */
  readonly expired?: ReadonlyArray<Address> | undefined
  /** The addresses of people who accepted their invitation 20 hours before the seed. */
  readonly claimed?: ReadonlyArray<Address> | undefined
}

const Addresses = Schema.optional(Schema.Array(Schema.String))
const Input = Schema.Struct({
  seats: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  pending: Addresses,
  expired: Addresses,
  claimed: Addresses
})
const decode = Schema.decodeUnknownResult(Input, { errors: "all", onExcessProperty: "error" })

const states = ["pending", "expired", "claimed"] as const

interface Holder {
  /** One number a person. The first one has 1. */
  readonly number: number
  readonly email: string
  /** The same for every spelling of the address. */
  readonly person: string
  readonly state: (typeof states)[number]
  readonly path: readonly [state: string, index: number]
}

const holdersOf = (input: typeof Input.Type): ReadonlyArray<Holder> => {
  const numbers = new Map<string, number>()
  return states.flatMap((state) =>
    (input[state] ?? []).map((email, index): Holder => {
      const person = EmailAddress.canonicalise(email)
      const number = numbers.get(person) ?? numbers.size + 1
      numbers.set(person, number)
      return { number, email, person, state, path: [state, index] }
    })
  )
}

const problemsOf = ({ seats }: typeof Input.Type, holders: ReadonlyArray<Holder>): ReadonlyArray<WorldIssue> => {
  const tooMany = { path: ["seats"], message: `is ${seats}, but ${holders.length} people have a seat` }
  const seen = new Map<string, Holder>()
  const ofAddresses = holders.flatMap((holder): ReadonlyArray<WorldIssue> => {
    const { email, path, person } = holder
    const problem = emailProblem(email)
    if (problem !== undefined) return [{ path, message: `is not an address that Polar accepts: ${problem}` }]
    const first = seen.get(person)
    if (first === undefined) seen.set(person, holder)
    return first === undefined
      ? []
      : [{ path, message: `is the same person as ${first.path.join(".")}, and a person has one seat` }]
  })
  return holders.length > seats ? [tooMany, ...ofAddresses] : ofAddresses
}

// Every id, so that a test in any language knows them. Seats and members are numbered like their holders
const uuid = (table: number, number: number): string =>
  `${String(table).padStart(8, "0")}-0000-4000-8000-${String(number).padStart(12, "0")}`
const organization = { id: uuid(1, 1), slug: "acme", name: "Acme" }
const product = { id: uuid(2, 1), organization: organization.slug, name: "Acme Pro" }
const buyer = { id: CustomerId.make(uuid(3, 1)), organization: organization.slug, email: "billing@acme.com" }
const subscriptionId = SubscriptionId.make(uuid(4, 1))
const memberId = (number: number) => MemberId.make(uuid(5, number))
const seatId = (number: number) => SeatId.make(uuid(6, number))

const customerToken = Redacted.make("polar_cst_team")
const organizationToken = Redacted.make("polar_oat_team")
const scopes = ["customer_seats:read", "customer_seats:write", "customer_sessions:write"] as const
const memberToken = (number: number): string => `polar_mst_team_${number}`
// The number stands inside, so that no token is a part of another
const invitationToken = (number: number): string => `invitation-${number}-of-the-team`

// The number of an address that is not in the team
const nobody = 0
const owner = { id: MemberId.make(uuid(7, 1)), customer: buyer.id, email: buyer.email, role: "owner" } as const

// The buyer may have a seat too
const memberOf = ({ number, person }: Holder): MemberId => (person === buyer.email ? owner.id : memberId(number))

const seatOf = (holder: Holder) => {
  const { number, state } = holder
  const email = normalizeEmail(holder.email)
  const seat = { id: seatId(number), subscriptionId, customerId: buyer.id, memberId: memberOf(holder), email }
  // A claim leaves the expiry, and uses the token up
  if (state === "claimed") {
    const times = { createdAt: "-30 hours", invitationTokenExpiresAt: "-6 hours", claimedAt: "-20 hours" }
    return { ...seat, ...times, status: state }
  }
  const times =
    state === "pending"
      ? { createdAt: "-6 hours", invitationTokenExpiresAt: "+18 hours" }
      : { createdAt: "-30 hours", invitationTokenExpiresAt: "-6 hours" }
  return { ...seat, ...times, status: "pending" as const, invitationToken: invitationToken(number) }
}

const snakeKeys = (row: object) =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [Str.camelToSnake(key), value]))

type Rows<Table extends keyof WorldInput> = NonNullable<WorldInput[Table]>

/**
 * A world with one buyer, and a way to name what is in it. In JSON it is the world alone, as `POST /_emulator/seed` reads it.
 * A copy by spreading is a world too, without the names.
 */
export class TeamWorld<Address extends string = string> implements WorldInput {
  readonly organizations: Rows<"organizations"> = [organization]
  readonly products: Rows<"products"> = [product]
  readonly customers: Rows<"customers"> = [buyer]
  readonly subscriptions: Rows<"subscriptions">
  readonly members: Rows<"members">
  readonly seats: Rows<"seats">
  readonly tokens: Rows<"tokens">
  readonly #holders: ReadonlyMap<string, Holder>
  readonly #issues: ReadonlyArray<WorldIssue>

  constructor(input: TeamInput<Address>) {
    const decoded = decode(input)
    const { bought, holders, issues } = Result.match(decoded, {
      onFailure: ({ issue }) => ({ bought: 0, holders: [], issues: worldIssues(issue) }),
      onSuccess: (team) => {
        const holders = holdersOf(team)
        return { bought: team.seats, holders, issues: problemsOf(team, holders) }
      }
    })
    this.#issues = issues
    this.#holders = new Map(holders.map((holder) => [holder.person, holder]))
    const others = holders.filter((holder) => memberOf(holder) !== owner.id)
    this.subscriptions = [{ id: subscriptionId, product: product.id, customer: buyer.id, seats: bought }]
    this.members = [
      owner,
      ...others.map((holder) => ({ id: memberOf(holder), customer: buyer.id, email: normalizeEmail(holder.email) }))
    ]
    this.seats = holders.map(seatOf)
    this.tokens = [
      { token: Redacted.value(customerToken), customer: buyer.id },
      { token: Redacted.value(organizationToken), organization: organization.slug, scopes },
      ...holders.map((holder) => ({ token: memberToken(holder.number), member: memberOf(holder) }))
    ]
  }

  /** The problems of a team. Undefined for any other world. */
  static issuesOf(input: unknown): ReadonlyArray<WorldIssue> | undefined {
    return Predicate.isObject(input) && #issues in input ? input.#issues : undefined
  }

  /** The buyer, whose address is `billing@acme.com`. */
  get buyer(): CustomerId {
    return buyer.id
  }

  /** The subscription that the seats belong to. */
  get subscription(): SubscriptionId {
    return subscriptionId
  }

  /** The subscription as `Seats.list` and `Seats.assign` take it. */
  get source(): Data.TaggedEnum.Value<SeatSource, "Subscription"> {
    return SeatSource.Subscription({ id: subscriptionId })
  }

  /** The buyer's customer session: `polar_cst_team`. */
  get token(): Redacted.Redacted<string> {
    return customerToken
  }

  /** The token of the organization, with every scope that concerns seats: `polar_oat_team`. */
  get organizationToken(): Redacted.Redacted<string> {
    return organizationToken
  }

  /** The seat of a person. No seat has the id that it gives for an address outside of the team. */
  seatOf(email: Address): SeatId {
    return seatId(this.#holderOf(email)?.number ?? nobody)
  }

  /** The member that a person is. No member has the id that it gives for an address outside of the team. */
  memberOf(email: Address): MemberId {
    const holder = this.#holderOf(email)
    return holder === undefined ? memberId(nobody) : memberOf(holder)
  }

  /** A person's own session. For an address outside of the team, it is a token that opens nothing. */
  sessionOf(email: Address): Redacted.Redacted<string> {
    return Redacted.make(memberToken(this.#holderOf(email)?.number ?? nobody))
  }

  /** The token in the link of a pending or expired invitation. For everybody else, it is a token that opens nothing. */
  invitationTokenOf(email: Address): Redacted.Redacted<string> {
    return Redacted.make(invitationToken(this.#holderOf(email)?.number ?? nobody))
  }

  /** The world in the JSON of `POST /_emulator/seed`. */
  toJSON(): unknown {
    return Object.fromEntries(
      Object.entries({ ...this }).map(([table, rows]) => [table, Array.isArray(rows) ? rows.map(snakeKeys) : rows])
    )
  }

  #holderOf(email: string): Holder | undefined {
    return this.#holders.get(EmailAddress.canonicalise(email))
  }
}
