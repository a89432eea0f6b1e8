import { Outbox } from "@polar-seats/emulator/Outbox"
import { Seats } from "@polar-seats/domain/Seats"
import { Effect, Layer } from "effect"

type Service = Seats["Service"]

/** Replaces a call of `Seats`. `call` is the call without the fault. */
export type Fault = <A, E>(
  operation: "resend" | "list" | "assign" | "revoke",
  call: Effect.Effect<A, E>
) => Effect.Effect<A, E>

/** Passes the calls of a service through a fault. */
export const faulty = (service: Service, fault: Fault): Service => ({
  ...service,
  resend: (id) => fault("resend", service.resend(id)),
  list: (source) => fault("list", service.list(source)),
  assign: (assignment) => fault("assign", service.assign(assignment)),
  revoke: (id) => fault("revoke", service.revoke(id))
})

/** `Seats` whose calls pass through a fault. */
export const withFaults = <E, R>(
  seats: Layer.Layer<Seats | Outbox, E, R>,
  fault: Fault
): Layer.Layer<Seats | Outbox, E, R> =>
  Layer.effect(
    Seats,
    Effect.map(Seats, (service) => faulty(service, fault))
  ).pipe(Layer.provideMerge(seats))
