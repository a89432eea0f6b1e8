/** Runs one contender of the table "Decoding": it decodes Polar's JSON a given number of times. */
import { customerSeatFromJSON } from "polar-sdk-0-49/models/components/customerseat"
import { seatsListFromJSON } from "polar-sdk-0-49/models/components/seatslist"
import * as Decoder from "../decoder.ts"
import * as HandWritten from "../handWritten.ts"
import { serve } from "../processes.ts"
import { seatId, seatJson, seatsListJson } from "../wire.ts"
import * as ZodSeat from "../zodSeat.ts"

interface Contender {
  /** Decodes a seat. Throws if the text is none. */
  readonly seat: (text: string) => { readonly id: string }
  readonly list: (text: string) => { readonly seats: ReadonlyArray<{ readonly id: string }> }
}

const valueOf = <A>(
  result: { readonly ok: true; readonly value: A } | { readonly ok: false; readonly error: Error }
) => {
  if (!result.ok) throw result.error
  return result.value
}

const contenders: Record<string, Contender> = {
  ours: Decoder,
  handWritten: HandWritten,
  json: { seat: JSON.parse, list: JSON.parse },
  zod: {
    seat: (text) => ZodSeat.seat.parse(JSON.parse(text)),
    list: (text) => ZodSeat.list.parse(JSON.parse(text))
  },
  sdk049: {
    seat: (text) => valueOf(customerSeatFromJSON(text)),
    list: (text) => valueOf(seatsListFromJSON(text))
  }
}

const [, , name = ""] = process.argv
const decoder = contenders[name]
if (decoder === undefined)
  throw new Error(`There is no contender ${name}. The contenders are ${Object.keys(contenders).join(", ")}.`)

const throws = (text: string) => {
  try {
    decoder.seat(text)
    return false
  } catch {
    return true
  }
}
const good = seatJson(seatId(1))
if (decoder.seat(JSON.stringify(good)).id !== seatId(1))
  throw new Error(`${name} decoded another seat than the given one.`)
// Each contender must refuse these. The SDK accepts any text as an id, JSON.parse accepts everything
const bad = [
  { ...good, created_at: "yesterday" },
  { ...good, email: 1 },
  { ...good, member: { ...good.member, email: null } },
  { ...good, customer_id: undefined },
  ...(name === "sdk049"
    ? []
    : [
        { ...good, id: "1" },
        { ...good, member_id: "1" }
      ])
]
if (name !== "json" && !bad.every((seat) => throws(JSON.stringify(seat)))) {
  throw new Error(`${name} accepted a malformed seat.`)
}

const texts = new Map<number, string>()
const textOf = (seats: number) => {
  const text = texts.get(seats) ?? JSON.stringify(seats === 1 ? good : seatsListJson(seats))
  texts.set(seats, text)
  return text
}

serve((task) => {
  const seats = Number(task["seats"])
  const times = Number(task["times"])
  const text = textOf(seats)
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  let decoded = 0
  for (let time = 0; time < times; time++) {
    decoded += seats === 1 ? Math.sign(decoder.seat(text).id.length) : decoder.list(text).seats.length
  }
  const { system, user } = process.cpuUsage(cpu)
  if (decoded !== seats * times) throw new Error(`${name} decoded ${decoded} seats instead of ${seats * times}.`)
  return { micros: (user + system) / times }
})
