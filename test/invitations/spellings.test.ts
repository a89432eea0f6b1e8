import { assert, describe, it } from "@effect/vitest"
import { Recipient } from "@polar-seats/domain/Assignment"
import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { Member, Seat, SeatsList } from "@polar-seats/domain/Seat"
import { Unavailable, UnavailableReason } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import type { Outbox } from "@polar-seats/emulator/Outbox"
import type { WorldInput } from "@polar-seats/emulator/World"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Arbitrary, DateTime, Effect, Layer, Redacted, Schema, Stream } from "effect"
import type { Fault } from "./faultInjection.ts"
import { advance, fail, mailedTo, polar, processOver, type Store } from "./processes.ts"
import { verdicts } from "../polar/emailAddresses.ts"
import { source, teamOf, token } from "./team.ts"

/** Each writes an address another way that Polar reads as the same one. */
const ways = {
  upper: (address: string) => toUpper(address),
  upperDomain: (address: string) => inDomain(address, toUpper),
  decomposed: (address: string) => address.normalize("NFD"),
  dns: (address: string) => inDomain(address, (domain) => new URL(`http://${domain}`).hostname),
  fullWidth: (address: string) =>
    inDomain(address, (domain) =>
      domain.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0))
    ),
  ideographicPeriod: (address: string) => inDomain(address, (domain) => domain.replaceAll(".", "。")),
  blanks: (address: string) => `\t ${address}\r\n`,
  brackets: (address: string) => `<${address}>`,
  named: (address: string) => `"Roe, Jo" <${address}>`
}
// The upper case of "ß" is "SS", which is another domain
const toUpper = (text: string) =>
  Array.from(text, (letter) => (letter.toUpperCase().length > letter.length ? letter : letter.toUpperCase())).join("")
const inDomain = (address: string, change: (domain: string) => string) => {
  const at = address.lastIndexOf("@") + 1
  return address.slice(0, at) + change(address.slice(at))
}

// Blanks and names go around the address, so they come last, and once
const Around = Schema.Literals(["blanks", "brackets", "named", "none"])
const Spelling = Schema.Struct({
  within: Schema.Array(
    Schema.Literals(["upper", "upperDomain", "decomposed", "dns", "fullWidth", "ideographicPeriod"])
  ),
  around: Around
})
const Person = Schema.Struct({
  local: Schema.Literals(["ann", "josé", "o'neil", "例え", "ann+team", "ΑΝΝΑ", "a.b_c"]),
  domain: Schema.Literals([
    "acme.com",
    "bücher.example",
    "faß.example",
    "例え.example",
    "mail.ümlaut.co.uk",
    "acme.museum"
  ])
})
const spell = (address: string, { around, within }: typeof Spelling.Type) => {
  const written = within.reduce((known, way) => ways[way](known), address)
  return around === "none" ? written : ways[around](written)
}
const Spellings = Schema.Array(Spelling).check(Schema.isMinLength(2), Schema.isMaxLength(6))
const cases: [Arbitrary.Arbitrary<typeof Person.Type>, Arbitrary.Arbitrary<typeof Spellings.Type>] = [
  Arbitrary.schema(Person),
  Arbitrary.schema(Spellings)
]
const options = { arbitrary: { runs: 20 } }

const epoch = DateTime.makeUnsafe(0)
const toAddress = ({ domain, local }: typeof Person.Type) => `${local}@${domain}`

/** A team in which one person holds each seat, under the addresses of the row. */
const teamWith = (kind: "live" | "expired" | "revoked", emails: ReadonlyArray<string>): WorldInput => {
  const team = teamOf(epoch, { [kind]: emails.length })
  return {
    ...team,
    seats: (team.seats ?? []).map((seat, index) =>
      kind === "revoked" ? seat : { ...seat, email: emails[index] ?? "" }
    )
  }
}

describe("assign", () => {
  const overHttp = (world: WorldInput): Layer.Layer<Seats | Outbox> =>
    Layer.orDie(PortalSeats.layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(world))))
  describe.each([
    ["in memory", polar],
    ["over HTTP", overHttp]
  ] as const)("%s", (_, layer) => {
    it.effect.prop(
      "gives a person one seat and one mail, however the address is spelled",
      cases,
      ([person, spellings]) =>
        Effect.gen(function* () {
          const { assign, list } = yield* Seats
          const assignTo = (email: string) => assign({ source, recipient: Recipient.Email({ email }) })
          const [first, ...others] = spellings.map((spelling) => spell(toAddress(person), spelling))
          const seat = yield* assignTo(first ?? "")
          for (const other of others) {
            assert.strictEqual((yield* Effect.flip(assignTo(other)))._tag, "AlreadyAssigned", other)
          }
          const held = (yield* list(source)).seats.filter(({ status }) => status === "pending")
          assert.deepEqual(
            held.map(({ email }) => email),
            [seat.email]
          )
          assert.deepEqual(yield* mailedTo, [seat.email])
        }).pipe(Effect.provide(layer(teamWith("revoked", ["", ""])))),
      options
    )
  })
})

/** A Polar that spells the address of a person anew in each answer. */
const respelling = (spellings: typeof Spellings.Type): Fault => {
  let answers = 0
  const anew = (address: string | null): string | null =>
    address === null ? null : spell(address, spellings[answers++ % spellings.length] ?? { around: "none", within: [] })
  const respell = (seat: Seat): Seat =>
    new Seat({
      ...seat,
      email: anew(seat.email),
      customerEmail: anew(seat.customerEmail),
      member: seat.member === null ? null : new Member({ ...seat.member, email: anew(seat.member.email) ?? "" })
    })
  const change = (answer: unknown): unknown =>
    answer instanceof Seat
      ? respell(answer)
      : answer instanceof SeatsList
        ? new SeatsList({ ...answer, seats: answer.seats.map(respell) })
        : answer
  return (_, call) => Effect.map(call, (answer) => change(answer) as typeof answer)
}

const seatsAsSpelled = Effect.map(
  Effect.flatMap(Seats, ({ list }) => list(source)),
  ({ seats }) => seats.filter(({ status }) => status === "pending")
)
const oneSeat = Effect.flatMap(seatsAsSpelled, ([seat]) => Effect.fromNullishOr(seat))

describe.each([
  ["the address alone", undefined],
  ["a member", "member"]
] as const)("a person whom Polar names by %s, spelled anew in each answer", (_, kind) => {
  const member = "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10"
  /** One person with one seat, with or without a member. */
  const team = (state: "live" | "expired", address: string): WorldInput => {
    const world = teamWith(state, [address])
    const [customer = { id: "" }] = world.customers ?? []
    return kind === undefined
      ? world
      : {
          ...world,
          members: [{ id: member, customer: customer.id ?? "", email: address }],
          seats: (world.seats ?? []).map((seat) => ({ ...seat, memberId: member }))
        }
  }
  const isSamePerson = (mails: ReadonlyArray<string>, address: string, count: number) => {
    assert.lengthOf(mails, count)
    for (const mail of mails) assert.isTrue(EmailAddress.isSame(mail, address), mail)
  }

  it.effect.prop(
    "is resent one mail",
    cases,
    ([person, spellings]) => {
      const address = toAddress(person)
      const store: Store = new Map()
      const fault = respelling(spellings)
      return Effect.gen(function* () {
        const known = yield* oneSeat
        yield* Effect.flatMap(Invitations, ({ resend }) => resend(known)).pipe(
          Effect.provide(processOver(store, fault))
        )
        for (const spelling of spellings) {
          const again = new Seat({ ...known, email: spell(address, spelling) })
          const error = yield* Effect.flatMap(Invitations, ({ resend }) => Effect.flip(resend(again))).pipe(
            Effect.provide(processOver(store, fault))
          )
          assert.strictEqual(error._tag, "MailedRecently", again.email ?? "")
        }
        isSamePerson(yield* mailedTo, address, 1)
        assert.strictEqual(store.size, 1, "one entry for one person")
      }).pipe(Effect.provide(polar(team("live", address))))
    },
    options
  )

  it.effect.prop(
    "is reissued one seat and one mail",
    cases,
    ([person, spellings]) => {
      const address = toAddress(person)
      const store: Store = new Map()
      const fault = respelling(spellings)
      return Effect.gen(function* () {
        const known = yield* oneSeat
        const [first] = spellings
        const spelled = new Seat({ ...known, email: first === undefined ? "" : spell(address, first) })
        const reissued = yield* Effect.flatMap(Invitations, ({ reissue }) => reissue(spelled)).pipe(
          Effect.provide(processOver(store, fault))
        )
        assert.strictEqual(reissued.status, "pending")
        for (const spelling of spellings) {
          const again = new Seat({ ...reissued, email: spell(address, spelling) })
          const error = yield* Effect.flatMap(Invitations, ({ reissue }) => Effect.flip(reissue(again))).pipe(
            Effect.provide(processOver(store, fault))
          )
          assert.strictEqual(error._tag, "MailedRecently", again.email ?? "")
        }
        isSamePerson(yield* mailedTo, address, 1)
        assert.lengthOf(yield* seatsAsSpelled, 1)
      }).pipe(Effect.provide(polar(team("expired", address))))
    },
    options
  )

  it.effect.prop(
    "is reissued one seat and one mail, if another process has to finish it",
    cases,
    ([person, spellings]) => {
      const address = toAddress(person)
      const store: Store = new Map()
      const respelled = respelling(spellings)
      const reason = UnavailableReason.cases.OutcomeUnknown.make({ description: "cut off" })
      const cutOff: Fault = (operation, call) =>
        operation === "assign"
          ? fail(new Unavailable({ operation: "Seats.assign", reason }))
          : respelled(operation, call)
      return Effect.gen(function* () {
        const known = yield* oneSeat
        const stopped = yield* Effect.flatMap(Invitations, ({ reissue }) => Effect.flip(reissue(known))).pipe(
          Effect.provide(processOver(store, cutOff))
        )
        assert.strictEqual(stopped._tag, "ReissueIncomplete")
        if (stopped._tag !== "ReissueIncomplete") return
        yield* advance("30 minutes")
        yield* Effect.flatMap(Invitations, ({ finish }) => finish(stopped)).pipe(
          Effect.provide(processOver(store, respelled))
        )
        isSamePerson(yield* mailedTo, address, 1)
        assert.lengthOf(yield* seatsAsSpelled, 1)
      }).pipe(Effect.provide(polar(team("expired", address))))
    },
    options
  )

  it.effect.prop(
    "is reminded once",
    cases,
    ([person, spellings]) => {
      const address = toAddress(person)
      const store: Store = new Map()
      const fault = respelling(spellings)
      const words = (onExpired: "fail" | "reissue") =>
        Effect.flatMap(Invitations, ({ remind }) => Stream.runCollect(remind(source, { onExpired }))).pipe(
          Effect.provide(processOver(store, fault)),
          Effect.map((outcomes) =>
            outcomes.map((outcome) => (outcome._tag === "Skipped" ? outcome.reason._tag : outcome._tag))
          )
        )
      return Effect.gen(function* () {
        assert.deepEqual(yield* words("reissue"), ["Reissued"])
        for (const _ of spellings) assert.deepEqual(yield* words("reissue"), ["MailedRecently"])
        isSamePerson(yield* mailedTo, address, 1)
        assert.lengthOf(yield* seatsAsSpelled, 1)
      }).pipe(Effect.provide(polar(team("expired", address))))
    },
    options
  )
})

it.effect.prop(
  "a person with several seats, each under another spelling, is reminded once",
  cases,
  ([person, spellings]) =>
    Effect.gen(function* () {
      const { remind } = yield* Invitations
      const outcomes = yield* Stream.runCollect(remind(source))
      const words = outcomes.map((outcome) => (outcome._tag === "Skipped" ? outcome.reason._tag : outcome._tag))
      assert.deepEqual(words.toSorted(), [...spellings.slice(1).map(() => "MailedRecently"), "Resent"])
      assert.lengthOf(yield* mailedTo, 1)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          processOver(new Map()),
          polar(
            teamWith(
              "live",
              spellings.map((spelling) => spell(toAddress(person), spelling))
            )
          )
        )
      )
    ),
  options
)

it("the key of an address that Polar has stored is the same as in a journal of an earlier version", () => {
  for (const { normalized } of verdicts) {
    if (normalized === undefined) continue
    assert.strictEqual(Journal.keyFor(source, normalized), `subscription/${source.id}/${normalized.toLowerCase()}`)
  }
})
