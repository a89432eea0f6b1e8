import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { subscriptionId } from "./wire.ts"

const source = SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) })

const invitations = Invitations.layer.pipe(Layer.provide(Journal.layerMemory))

/** Reminds the holders of the subscription's pending seats, `concurrency` at a time, and reports each seat as mailed or not. */
export const resendAll = (concurrency: number, onEach: (isDone: boolean) => void) =>
  Invitations.pipe(
    Effect.flatMap(({ remind }) =>
      Stream.runForEach(remind(source, { concurrency }), ({ _tag }) => Effect.sync(() => onEach(_tag === "Resent")))
    ),
    Effect.provide(invitations)
  )
