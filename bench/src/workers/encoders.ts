/** Runs one contender of the encoding in the table "The emulator, by size": it encodes a list of seats to Polar's JSON. */
import { encodeSeatsList, SeatsListJson } from "@polar-seats/http/SeatJson"
import * as Schema from "effect/Schema"
import { serve } from "../processes.ts"
import { seatsListJson } from "../wire.ts"

const contenders: Record<string, (list: typeof SeatsListJson.Type) => unknown> = {
  schema: Schema.encodeSync(SeatsListJson),
  ours: encodeSeatsList
}

const [, , name = ""] = process.argv
const encode = contenders[name]
if (encode === undefined) {
  throw new Error(`There is no contender ${name}. The contenders are ${Object.keys(contenders).join(", ")}.`)
}
const decode = Schema.decodeUnknownSync(SeatsListJson)

const lists = new Map<number, typeof SeatsListJson.Type>()
const listOf = (seats: number) => {
  const list = lists.get(seats) ?? decode(seatsListJson(seats))
  lists.set(seats, list)
  return list
}

// Each contender writes what Polar sent
if (JSON.stringify(encode(listOf(2))) !== JSON.stringify(seatsListJson(2))) {
  throw new Error(`${name} wrote another list than the given one.`)
}

serve((task) => {
  const seats = Number(task["seats"])
  const times = Number(task["times"])
  const list = listOf(seats)
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  for (let time = 0; time < times; time++) encode(list)
  const { system, user } = process.cpuUsage(cpu)
  return { micros: (user + system) / times / seats }
})
