import { createPolar } from "@polar-sh/sdk/2026-10"
import { seatId, token } from "../../wire.ts"
import { answered, url } from "../answered.ts"

const { seats } = createPolar({ baseUrl: url, accessToken: token }).customerPortal
answered((await seats.resendInvitation(seatId(1))).id)
