import * as Predicate from "effect/Predicate"
import { write } from "node:fs"
import { Socket } from "node:net"
import type { Writable } from "node:stream"
import { CannotWrite } from "./CannotWrite.ts"
import type { Device } from "./textWriter.ts"

// The system takes so many bytes whole or not at all, so a pipe whose reader has stopped ends in a whole line
const mostAtOnceOnPipe = 4096
// Nothing else happens during a write to a terminal, and a slow link takes some kilobytes a second
const mostAtOnceOnTerminal = 1024
const mostAtOnceElsewhere = 1_048_576

/** stdout or stderr. It is a socket to Node if it is a terminal, a pipe or a socket. */
export type StandardStream = Writable & { readonly fd: number; readonly isTTY: boolean }

/**
 * A terminal. A write to it returns when it is done, and its errors come as events of the stream. A signal is heard only
 * between two writes.
 */
const terminalDevice = (stream: StandardStream): Device => ({
  mostBytes: mostAtOnceOnTerminal,
  write: (bytes, done) => {
    stream.write(bytes)
    setImmediate(done, bytes.length)
  }
})

/** A pipe or socket. Node tells when the system has taken all bytes of a write. */
const pipeDevice = (stream: StandardStream): Device => ({
  mostBytes: mostAtOnceOnPipe,
  write: (bytes, done) =>
    void stream.write(bytes, (error) =>
      done(Predicate.isNullish(error) ? bytes.length : CannotWrite.fromSystem(error, false))
    )
})

/** A file. Node's own stream calls a write done although the disk had room for a part of it alone. */
const fileDevice = (descriptor: number): Device => ({
  mostBytes: mostAtOnceElsewhere,
  write: (bytes, done) =>
    write(descriptor, bytes, (error, taken) => done(error === null ? taken : CannotWrite.fromSystem(error, false)))
})

/** The device behind stdout or stderr. */
export const deviceOf = (stream: StandardStream): Device => {
  if (stream.isTTY) return terminalDevice(stream)
  return stream instanceof Socket ? pipeDevice(stream) : fileDevice(stream.fd)
}
