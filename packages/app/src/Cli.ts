import { Seats } from "@polar-seats/domain/Seats"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { SeatsListJson } from "@polar-seats/http/SeatJson"
import { Console, DateTime, Effect, Layer, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { demo as runDemo } from "./Demo.ts"
import * as EmulatorServer from "./EmulatorServer.ts"
import { end, exitCode, exitCodeOf } from "./Outcome.ts"
import * as Polar from "./Polar.ts"
import * as Resend from "./Resend.ts"
import { render } from "./SeatTable.ts"

const json = Flag.Boolean("json").pipe(Flag.withDescription("Print JSON for machines"), Flag.withDefault(false))

const subscription = Flag.String("subscription").pipe(
  Flag.withDescription("The subscription whose seats are meant"),
  Flag.withSchema(SubscriptionId),
  Flag.optional
)
const order = Flag.String("order").pipe(
  Flag.withDescription("The order whose seats are meant"),
  Flag.withSchema(OrderId),
  Flag.optional
)

const oneSource = (flags: {
  readonly order: Option.Option<OrderId>
  readonly subscription: Option.Option<SubscriptionId>
}) =>
  Option.isSome(flags.order) === Option.isSome(flags.subscription)
    ? end(exitCode.wrongUse, "Name either a --subscription or an --order.")
    : Effect.succeed(
        Option.match(flags.subscription, {
          onSome: (id): SeatSource => SeatSource.Subscription({ id }),
          onNone: () => SeatSource.Order({ id: Option.getOrThrow(flags.order) })
        })
      )

const resend = Command.make(
  "resend",
  { ids: Argument.String("seat-id").pipe(Argument.atLeast(1)), json },
  ({ ids, json }) => Resend.resend(ids, json).pipe(Effect.provide(Polar.layer))
).pipe(
  Command.withDescription("Mail the invitations of pending seats once more. Each mails a person, each time"),
  Command.withExamples([
    {
      command: "polar-seats resend 9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
      description: "Resend one invitation with the session in POLAR_CUSTOMER_SESSION"
    }
  ])
)

const encodeList = Schema.encodeEffect(Schema.fromJsonString(SeatsListJson))

const list = Command.make(
  "list",
  { subscription, order, json },
  Effect.fnUntraced(function* ({ json, ...flags }) {
    const source = yield* oneSource(flags)
    const found = yield* Effect.flatMap(Seats, (seats) => seats.list(source)).pipe(
      Effect.catch((error) => end(exitCodeOf(error), error.message)),
      Effect.provide(Polar.layer)
    )
    if (json) return yield* Console.log(yield* Effect.orDie(encodeList(found)))
    yield* Console.log(render(found.seats, yield* DateTime.now))
    yield* Console.log(`\n${found.availableSeats} of ${found.totalSeats} seats are free.`)
  })
).pipe(Command.withDescription("List the seats of a subscription or an order"))

const loopback = new Set(["127.0.0.1", "localhost", "::1"])

const emulator = Command.make(
  "emulator",
  {
    port: Flag.Int("port").pipe(
      Flag.withDescription("The port to listen on; 0 takes any that is free"),
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))),
      Flag.withDefault(0)
    ),
    host: Flag.String("host").pipe(Flag.withDescription("The address to listen on"), Flag.withDefault("127.0.0.1")),
    allowAnyoneToConnect: Flag.Boolean("allow-anyone-to-connect").pipe(
      Flag.withDescription("Listen on an address that other machines can reach"),
      Flag.withDefault(false)
    ),
    seed: Flag.File("seed").pipe(Flag.withDescription("A JSON file with the world to start from"), Flag.optional),
    json
  },
  Effect.fnUntraced(function* ({ allowAnyoneToConnect, host, json, port, seed }) {
    if (!loopback.has(host) && !allowAnyoneToConnect) {
      return yield* end(
        exitCode.wrongUse,
        `${host} is not a loopback address: with it, anyone who reaches this machine can use the emulator. ` +
          "Say --allow-anyone-to-connect if that is meant."
      )
    }
    const started = Effect.gen(function* () {
      if (Option.isSome(seed)) yield* EmulatorServer.seedFrom(seed.value)
      const url = yield* EmulatorServer.url
      yield* Console.log(json ? JSON.stringify({ url }) : url)
    })
    return yield* Layer.launch(
      Layer.effectDiscard(started).pipe(Layer.provide(EmulatorServer.layer({ world: {}, host, port })))
    ).pipe(
      Effect.catchTags({
        ServeError: () => end(exitCode.failed, `Port ${port} of ${host} cannot be listened on: is it taken?`),
        WorldInvalid: Effect.die
      })
    )
  })
).pipe(Command.withDescription("Run a server that behaves like Polar for seats, until interrupted"))

const demo = Command.make(
  "demo",
  {
    subscription,
    order,
    yes: Flag.Boolean("yes").pipe(
      Flag.withDescription("Against Polar itself: do send the one mail"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ yes, ...flags }) {
    const real = Option.isSome(flags.subscription) || Option.isSome(flags.order)
    return yield* runDemo(real ? { source: yield* oneSource(flags), yes } : undefined)
  })
).pipe(
  Command.withDescription(
    "Show a resend and every way it is refused: on an emulator, or with --subscription or --order on Polar as the environment says"
  )
)

/** The command line. */
export const cli = Command.make("polar-seats").pipe(
  Command.withDescription("Polar's seats: list, resend, and an emulator to try it on"),
  Command.withSubcommands([demo, list, resend, emulator])
)
