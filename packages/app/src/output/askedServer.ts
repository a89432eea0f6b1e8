import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { constant } from "effect/Function"
import * as MutableRef from "effect/MutableRef"
import type { CommandError } from "../exit.ts"

/** The server that a command asks, and the variable that it has its token from. */
export interface Asked {
  readonly host: string
  /** Polar's environment. Undefined if `POLAR_API_URL` names the server. */
  readonly environment: string | undefined
  readonly tokenVariable: string | undefined
}

/** The server that the command asks, once that is known. */
export const AskedServer = Context.Reference("@polar-seats/app/AskedServer", {
  defaultValue: constant(MutableRef.make<Asked | undefined>(undefined))
})

const format = ({ environment, host, tokenVariable }: Asked): string => {
  const where = environment === undefined ? "which POLAR_API_URL names" : `Polar's ${environment} environment`
  const token = tokenVariable === undefined ? "" : `, with the token of ${tokenVariable}`
  return ` The command asks ${host}, ${where}${token}.`
}

// The reason of these may be another server or another token
const isAboutServer = (error: CommandError): boolean =>
  error._tag === "Unavailable"
    ? error.reason._tag === "NotSent" || error.reason._tag === "UnexpectedResponse"
    : ["Unauthorized", "Forbidden", "NotFound", "InvalidInvitation"].includes(error._tag)

/** The message of an error. If another token or server may be what helps, it names those that the command uses. */
export const describeError = (error: CommandError, message: string = error.message): Effect.Effect<string> =>
  Effect.map(AskedServer, (ref) => {
    const asked = MutableRef.get(ref)
    return asked === undefined || !isAboutServer(error) ? message : message + format(asked)
  })
