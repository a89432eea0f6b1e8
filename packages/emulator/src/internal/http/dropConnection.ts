import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Predicate from "effect/Predicate"

/** The connection of a request is to be cut, and nothing is answered. */
export class ConnectionCut extends Data.TaggedError("ConnectionCut") {}

/**
 * Cuts the connection that a request came over. This is the one place that knows what is beneath an
 * `HttpServerRequest`: on Node its `source` is an `IncomingMessage`, whose `socket` can be destroyed. It is asked for
 * rather than imported, so that this package needs neither Node nor its types. False where there is no such socket.
 */
export const cut = ({ source }: HttpServerRequest.HttpServerRequest): Effect.Effect<boolean> =>
  Effect.sync(() => {
    const socket: unknown = Reflect.get(source, "socket")
    const destroy: unknown = Predicate.isObject(socket) ? Reflect.get(socket, "destroy") : undefined
    if (!Predicate.isFunction(destroy)) return false
    Reflect.apply(destroy, socket, [])
    return true
  })
