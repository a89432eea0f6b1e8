import { Effect } from "effect"
import { Output, provideConsole } from "../../packages/app/src/output/Output.ts"
import { makeTextWriter } from "../../packages/app/src/output/textWriter.ts"

/** A stream that takes everything, and the text that it has taken. */
const openMemory = () => {
  const taken: Array<Uint8Array> = []
  const writer = makeTextWriter({
    mostBytes: Number.MAX_SAFE_INTEGER,
    write: (bytes, done) => {
      taken.push(bytes)
      done(bytes.length)
    }
  })
  return { writer, text: () => Buffer.concat(taken).toString().replace(/\n$/, "") }
}

/** A stdout and stderr for a command that runs in this process. */
export const recordOutput = () => {
  const out = openMemory()
  const err = openMemory()
  const record = <A, E, R>(command: Effect.Effect<A, E, R>) =>
    command.pipe(provideConsole, Effect.provideService(Output, { out: out.writer, err: err.writer }))
  return { record, printed: () => ({ stdout: out.text(), stderr: err.text() }) }
}
