import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { format } from "node:util"
import { CannotWrite } from "./CannotWrite.ts"
import { deviceOf, type StandardStream } from "./devices.ts"
import { makeTextWriter, type TextWriter } from "./textWriter.ts"

const open = (stream: StandardStream): TextWriter => {
  const writer = makeTextWriter(deviceOf(stream))
  // A question writes to the terminal by itself. Without a listener, its error would end the process
  stream.on("error", (error) => writer.fail(CannotWrite.fromSystem(error, stream.isTTY)))
  return writer
}

/** stdout and stderr of the process. Everything that a command prints goes through them. */
export const Output = Context.Reference("@polar-seats/app/Output", {
  defaultValue: () => ({ out: open(process.stdout), err: open(process.stderr) })
})

/** Lets code print through `Output` that knows a console alone, such as the help of effect/cli. */
export const provideConsole = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const { err, out } = yield* Output
    const printTo =
      (writer: TextWriter) =>
      (...values: ReadonlyArray<unknown>) =>
        writer.writeUnsafe(`${format(...values)}\n`)
    const console = yield* Console.Console
    const toOut = printTo(out)
    const toErr = printTo(err)
    return yield* Effect.provideService(program, Console.Console, {
      ...console,
      log: toOut,
      info: toOut,
      debug: toOut,
      error: toErr,
      warn: toErr,
      trace: toErr
    })
  })
