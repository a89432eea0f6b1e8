import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Predicate from "effect/Predicate"

/** The emulator cuts the connection of the request instead of answering. */
export class ConnectionCut extends Data.TaggedError("ConnectionCut") {}

/**
 * Cuts the connection of a request. False if the request has no socket. Only this function knows what is below an
 * `HttpServerRequest`: on Node, its `source` is an `IncomingMessage`, and `socket.destroy()` cuts the connection. It
 * looks the members up by name, so the package needs neither Node nor its types.
 */
export const dropConnection = ({ source }: HttpServerRequest.HttpServerRequest): Effect.Effect<boolean> =>
  Effect.sync(() => {
    const socket: unknown = Reflect.get(source, "socket")
    const destroy: unknown = Predicate.isObject(socket) ? Reflect.get(socket, "destroy") : undefined
    if (!Predicate.isFunction(destroy)) return false
    Reflect.apply(destroy, socket, [])
    return true
  })
