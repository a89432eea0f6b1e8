import { Outbox } from "@polar-seats/emulator/Outbox"
import { Seats } from "@polar-seats/domain/Seats"
import { Effect, Layer } from "effect"

type Service = Seats["Service"]

/** What goes wrong with a call: `call` is what would have happened otherwise. */
export type Trouble = <A, E>(
  operation: "resend" | "list" | "assign" | "revoke",
  call: Effect.Effect<A, E>
) => Effect.Effect<A, E>

/** `Seats` with some trouble on the way. */
export const troubled = <E, R>(
  seats: Layer.Layer<Seats | Outbox, E, R>,
  trouble: Trouble
): Layer.Layer<Seats | Outbox, E, R> =>
  Layer.effect(
    Seats,
    Effect.map(Seats, (service) =>
      Seats.of({
        ...service,
        resend: (id) => trouble("resend", service.resend(id)),
        list: (source) => trouble("list", service.list(source)),
        assign: (assignment) => trouble("assign", service.assign(assignment)),
        revoke: (id) => trouble("revoke", service.revoke(id))
      } satisfies Service)
    )
  ).pipe(Layer.provideMerge(seats))
