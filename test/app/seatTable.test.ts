import { formatSeatTable } from "../../packages/app/src/output/seatTable.ts"
import { chooseSeats } from "../../packages/app/src/commands/chooseSeats.ts"
import { SeatJson } from "@polar-seats/http/SeatJson"
import { DateTime, Option, Schema } from "effect"
import { assert, describe, it } from "vitest"

// https://polar.sh/docs/api-reference/customer-portal/seats/resend-invitation
const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
const decode = Schema.decodeUnknownSync(SeatJson)
const seatOf = (fields: Readonly<Record<string, unknown>>) =>
  decode({
    created_at: "2023-11-07T05:31:56Z",
    modified_at: null,
    id,
    status: "pending",
    subscription_id: id,
    order_id: null,
    customer_id: id,
    member_id: id,
    email: null,
    customer_email: null,
    invitation_token_expires_at: null,
    claimed_at: null,
    revoked_at: null,
    seat_metadata: {},
    ...fields
  })
const pending = (email: string, expires: string | null, fields = {}) =>
  seatOf({ email, invitation_token_expires_at: expires, ...fields })
const member = (name: string | null, email: string) => ({
  member: {
    id,
    created_at: "2023-11-07T05:31:56Z",
    modified_at: null,
    customer_id: id,
    email,
    name,
    external_id: null,
    role: "member"
  }
})
const idOf = (end: number) => `${id.slice(0, -2)}${String(end).padStart(2, "0")}`

const now = DateTime.makeUnsafe("2023-11-07T12:00:00Z")
const seats = [
  pending("ann.with.a.long.name@acme.example.com", "2023-11-07T12:01:30Z"),
  pending("ben@acme.com", "2023-11-07T13:59:30Z"),
  pending("eve@acme.com", "2023-11-05T12:00:00Z"),
  pending("uli@acme.com", null)
]

// The cells that a terminal of xterm's kind needs for the text up to a word
const widthBefore = (line: string, word: string) => {
  const before = line.slice(0, line.indexOf(word))
  return Array.from(new Intl.Segmenter().segment(before), ({ segment }) =>
    /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff00-\uff60]/u.test(segment) ? 2 : 1
  ).reduce<number>((sum, width) => sum + width, 0)
}

describe("the seat table", () => {
  it("shows the state of each link and its times, if there is room", () => {
    const all = formatSeatTable(
      [...seats, seatOf({ status: "claimed", customer_email: "dan@acme.com", claimed_at: "2023-11-06T08:00:00Z" })],
      now,
      { timeZone: "UTC" }
    )
    assert.deepEqual(all, [
      "SEAT                                  STATUS   HOLDER                                 INVITATION          TIME",
      `${id}  pending  ann.with.a.long.name@acme.example.com  live, 1 min left    until 2023-11-07 12:01 UTC`,
      `${id}  pending  ben@acme.com                           live, 119 min left  until 2023-11-07 13:59 UTC`,
      `${id}  pending  eve@acme.com                           expired 48 h ago    until 2023-11-05 12:00 UTC`,
      `${id}  pending  uli@acme.com                           live, no end        -`,
      `${id}  claimed  dan@acme.com                           -                   since 2023-11-06 08:00 UTC`
    ])
  })

  it("shows the times in a time zone, with its name", () => {
    const line = (timeZone: string) => formatSeatTable(seats.slice(0, 1), now, { timeZone })[1]
    assert.match(line("Europe/Berlin") ?? "", /until 2023-11-07 13:01 GMT\+1$/)
    assert.match(line("America/New_York") ?? "", /until 2023-11-07 07:01 EST$/)
    assert.match(line("Asia/Kolkata") ?? "", /until 2023-11-07 17:31 GMT\+5:30$/)
  })

  it("shortens the ids before the addresses, at 80 and at 60 columns", () => {
    assert.deepEqual(formatSeatTable(seats, now, { columns: 80 }), [
      "SEAT       STATUS   HOLDER                                 INVITATION",
      "3c90c3cc…  pending  ann.with.a.long.name@acme.example.com  live, 1 min left",
      "3c90c3cc…  pending  ben@acme.com                           live, 119 min left",
      "3c90c3cc…  pending  eve@acme.com                           expired 48 h ago",
      "3c90c3cc…  pending  uli@acme.com                           live, no end"
    ])
    assert.deepEqual(formatSeatTable(seats, now, { columns: 62 }), [
      "SEAT       HOLDER                                 STATE",
      "3c90c3cc…  ann.with.a.long.name@acme.example.com  1 min left",
      "3c90c3cc…  ben@acme.com                           119 min left",
      "3c90c3cc…  eve@acme.com                           dead 48 h",
      "3c90c3cc…  uli@acme.com                           no end"
    ])
    assert.deepEqual(
      formatSeatTable(seats, now, { columns: 60 })[1],
      "3c90c3cc…  ann.with.a.long.name@acme.example.…  1 min left"
    )
    assert.deepEqual(formatSeatTable(seats, now, { columns: 20 })[2], "3c90c3cc…  ben@a…  119 min left")
  })

  it("fits any terminal of 40 columns or more", () => {
    const wide = [
      ...seats,
      pending("田中太郎@例え.テスト", "2023-11-07T12:01:30Z", { id: `1${id.slice(1)}` }),
      pending("👩‍💻🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉@acme.com", null, {
        id: `2${id.slice(1)}`,
        ...member("Zoë 🎉", "x@acme.com")
      })
    ]
    for (let columns = 40; columns < 160; columns++) {
      for (const line of formatSeatTable(wide, now, { columns })) {
        assert.isAtMost(widthBefore(`${line}|`, "|"), columns, line)
      }
    }
  })

  it("aligns its columns under wide characters, emoji and combining marks", () => {
    const lines = formatSeatTable(
      [
        pending("ann@acme.com", "2023-11-07T13:00:00Z"),
        pending("田中@例え.テスト", "2023-11-07T13:00:00Z"),
        pending("party🎉👩‍💻@acme.com", "2023-11-07T13:00:00Z"),
        pending("zoe\u0308@acme.com", "2023-11-07T13:00:00Z"),
        pending("한국@acme.com", "2023-11-07T13:00:00Z")
      ],
      now,
      { timeZone: "UTC" }
    )
    const starts = lines.map((line, row) => widthBefore(line, row === 0 ? "INVITATION" : "live"))
    assert.strictEqual(new Set(starts).size, 1, lines.join("\n"))
  })

  it("shows the names of members, if Polar tells any", () => {
    const named = [
      pending("ann@acme.com", null, member("Ann Example", "ann@acme.com")),
      pending("ben@acme.com", null, member(null, "ben@acme.com"))
    ]
    assert.deepEqual(formatSeatTable(named, now, { columns: 90 }), [
      "SEAT                                  STATUS   HOLDER        NAME         INVITATION",
      `${id}  pending  ann@acme.com  Ann Example  live, no end`,
      `${id}  pending  ben@acme.com  -            live, no end`
    ])
    assert.notInclude(formatSeatTable(seats, now).join("\n"), "NAME")
    assert.notInclude(formatSeatTable(named, now, { columns: 40 }).join("\n"), "NAME")
  })

  it("shortens ids only as far as they tell the seats apart", () => {
    const near = [seatOf({ id: idOf(1) }), seatOf({ id: idOf(2) })]
    assert.deepEqual(
      formatSeatTable(near, now, { columns: 50 }).map((line) => line.split(" ")[0]),
      ["SEAT", idOf(1), idOf(2)]
    )
  })

  it("colours the states and nothing else, and only if it may", () => {
    const [header, line] = formatSeatTable(seats.slice(2, 3), now, { columns: 80, isColoured: true })
    assert.strictEqual(
      header,
      "\u001b[1mSEAT                                  STATUS   HOLDER        INVITATION\u001b[0m"
    )
    assert.strictEqual(line, `${id}  \u001b[31mpending\u001b[0m  eve@acme.com  expired 48 h ago`)
    assert.notInclude(formatSeatTable(seats, now).join(""), "\u001b")
  })

  it("shows the controls and the invisible characters of a name, and stays aligned", () => {
    const odd = pending("a\u001b[31m\u202e@acme.com", null)
    assert.match(formatSeatTable([odd], now)[1] ?? "", /a<U\+001B>\[31m<U\+202E>@acme\.com/)
  })
})

type Flags = Parameters<typeof chooseSeats>[2]

describe("the choice of seats", () => {
  const none: Flags = { status: [], expired: false, to: [], sort: Option.some("status") }
  const claimed = seatOf({
    id: idOf(1),
    status: "claimed",
    email: "Zed@acme.com",
    claimed_at: "2023-11-06T08:00:00Z",
    created_at: "2023-11-01T00:00:00Z"
  })
  const revoked = seatOf({ id: idOf(2), status: "revoked", created_at: "2023-11-02T00:00:00Z" })
  const live = pending("ben@ACME.com", "2023-11-07T13:00:00Z", { id: idOf(3), created_at: "2023-11-04T00:00:00Z" })
  const dead = pending("ann@other.example", "2023-11-07T11:00:00Z", { id: idOf(4), created_at: "2023-11-03T00:00:00Z" })
  const future = seatOf({ id: idOf(5), status: "paused", email: "uli@acme.com" })
  const all = [revoked, live, dead, future, claimed]
  const chosen = (flags: Partial<Flags>) =>
    chooseSeats(all, now, { ...none, ...flags }).map(({ id }) => Number(id.slice(-2)))

  it("puts claimed seats first, as Polar's portal does, and keeps Polar's order among equals", () => {
    assert.deepEqual(chosen({}), [1, 3, 4, 5, 2])
  })

  it("keeps Polar's order if there is no usual one", () => {
    const flags: Flags = { ...none, sort: Option.none() }
    assert.deepEqual(chooseSeats(all, now, flags), all)
    assert.strictEqual(chooseSeats(all, now, flags, "status")[0], claimed)
  })

  it("sorts by any field, and what a seat does not have comes last", () => {
    assert.deepEqual(chosen({ sort: Option.some("address") }), [4, 3, 5, 1, 2])
    assert.deepEqual(chosen({ sort: Option.some("created") }), [1, 2, 4, 3, 5])
    assert.deepEqual(chosen({ sort: Option.some("expires") }), [4, 3, 2, 5, 1])
    assert.deepEqual(chosen({ sort: Option.some("claimed") }), [1, 2, 3, 4, 5])
    assert.deepEqual(chosen({ sort: Option.some("name") }), [2, 3, 4, 5, 1])
  })

  it("filters by status, by dead links and by addresses in any spelling", () => {
    assert.deepEqual(chosen({ status: ["claimed"] }), [1])
    assert.deepEqual(chosen({ status: ["claimed", "revoked"] }), [1, 2])
    assert.deepEqual(chosen({ expired: true }), [4])
    assert.deepEqual(chosen({ to: ["*@acme.COM"] }), [1, 3, 5])
    assert.deepEqual(chosen({ to: ["*@acme.com"], status: ["pending"] }), [3])
    assert.deepEqual(chosen({ to: ["nobody@*"] }), [])
  })
})
