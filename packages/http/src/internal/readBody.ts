import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"

/** Reads a body, but no more than `limit` bytes of it: one that is longer is undefined. */
export const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Uint8Array | undefined, HttpClientError.HttpClientError> => {
  const announced = Number(response.headers["content-length"] ?? Number.NaN)
  if (announced > limit) return Effect.as(discard(response), undefined)
  // Where the length is known and what comes is what was sent, the protocol sees to it that no more comes
  return announced <= limit && response.headers["content-encoding"] === undefined
    ? Effect.map(response.arrayBuffer, (buffer) => new Uint8Array(buffer))
    : collect(response, limit)
}

/** Lets go of an answer that nobody will read, so that it keeps no connection: begins to read it, and stops at once. */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.headers["content-length"] === "0"
    ? Effect.void
    : Effect.flatMap(
        Effect.forkChild(Effect.ignore(Stream.runDrain(response.stream)), { startImmediately: true }),
        Fiber.interrupt
      )

const collect = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.takeUntil((chunk) => {
        chunks.push(chunk)
        size += chunk.byteLength
        return size > limit
      }),
      Stream.runDrain,
      Effect.map(() => (size > limit ? undefined : concat(chunks, size))),
      Effect.catchReason("HttpClientError", "EmptyBodyError", () => Effect.succeed(new Uint8Array(0)))
    )
  })

/** The parts of a body, `size` bytes in all, as one. */
export const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
