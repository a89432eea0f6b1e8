import { Polar } from "polar-sdk-0-49"
import { seatId, token } from "../../wire.ts"
import { answered, url } from "../answered.ts"

const { seats } = new Polar({ serverURL: url }).customerPortal
answered((await seats.resendInvitation({ customerSession: token }, { seatId: seatId(1) })).id)
