import { SeatId } from "@polar-seats/domain/Seat"
import * as Transport from "../../transport.ts"
import { resendAll } from "../../bulk.ts"
import { connect } from "../../ours.ts"
import { url } from "../answered.ts"
import { run } from "./run.ts"

const { runtime, seats } = await connect(url, Transport.layer)

run((ids, concurrency, onEach) => {
  const seatIds = ids.map((id) => SeatId.make(id))
  return runtime.runPromise(resendAll(seats, seatIds, concurrency, onEach))
})
