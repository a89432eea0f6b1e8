import * as Predicate from "effect/Predicate"
import { write } from "node:fs"
import { Socket } from "node:net"
import type { Writable } from "node:stream"
import { CannotWrite } from "./CannotWrite.ts"
import type { Device } from "./textWriter.ts"

// The system takes so many bytes whole or not at all, so a pipe whose reader has stopped ends in a whole line
const mostAtOnceOnPipe = 4096
const mostAtOnceOnFile = 65_536

const toResult = (error: Error | null | undefined, taken: number, isTerminal = false) =>
  Predicate.isNullish(error) ? taken : CannotWrite.fromSystem(error, isTerminal)

/** stdout or stderr. It is a socket to Node if it is a terminal, a pipe or a socket. */
export type StandardStream = Writable & { readonly fd: number; readonly isTTY: boolean }

/** A terminal, pipe or socket. Node tells when the system has taken all bytes of a write. */
const streamDevice = (stream: StandardStream): Device => ({
  mostBytes: mostAtOnceOnPipe,
  write: (bytes, done) => void stream.write(bytes, (error) => done(toResult(error, bytes.length, stream.isTTY)))
})

/** A file. Node's stream takes a write for done if the disk had room for a part of it alone. */
const fileDevice = (descriptor: number): Device => ({
  mostBytes: mostAtOnceOnFile,
  write: (bytes, done) => write(descriptor, bytes, (error, taken) => done(toResult(error, taken)))
})

/** The device behind stdout or stderr. */
export const deviceOf = (stream: StandardStream): Device =>
  stream instanceof Socket ? streamDevice(stream) : fileDevice(stream.fd)
