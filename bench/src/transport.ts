import * as Layer from "effect/Layer"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"

/** The transport of "ours on undici". */
export const layer = Layer.orDie(UndiciTransport.layer)
