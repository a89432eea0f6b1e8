import { resendPath, seatId, token } from "../../wire.ts"
import { answered, url } from "../answered.ts"

const headers = { authorization: `Bearer ${token}`, accept: "application/json", "polar-version": "2026-10" }
const response = await fetch(url + resendPath(seatId(1)), { method: "POST", headers })
answered((await response.json()).id)
