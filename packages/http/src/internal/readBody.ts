import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"

const tooLarge = (limit: number) => `the body is larger than ${limit} bytes`

/** Reads a body as UTF-8, but no more than `limit` bytes of it. What is wrong with it is told, and nothing of it shown. */
export const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Result.Result<string, string>, HttpClientError.HttpClientError> => {
  const announced = Number(response.headers["content-length"] ?? Number.NaN)
  if (announced > limit) return Effect.as(discard(response), Result.fail(tooLarge(limit)))
  // Where the length is known and what comes is what was sent, the protocol sees to it that no more comes
  return announced <= limit && response.headers["content-encoding"] === undefined
    ? Effect.map(response.arrayBuffer, (buffer) => decode(new Uint8Array(buffer)))
    : Effect.map(collect(response, limit), Result.flatMap(decode))
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
      Effect.map(() => {
        if (size > limit) return Result.fail(tooLarge(limit))
        const bytes = new Uint8Array(size)
        let at = 0
        for (const chunk of chunks) {
          bytes.set(chunk, at)
          at += chunk.byteLength
        }
        return Result.succeed(bytes)
      }),
      Effect.catchReason("HttpClientError", "EmptyBodyError", () => Effect.succeed(Result.succeed(new Uint8Array(0))))
    )
  })

const utf8 = new TextDecoder("utf-8", { fatal: true })

const decode = (bytes: Uint8Array): Result.Result<string, string> =>
  Result.try({
    try: () => utf8.decode(bytes),
    catch: () => "the body is not UTF-8"
  })
