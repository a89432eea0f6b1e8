import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Bounds from "../bounds.ts"
import * as PythonJson from "../validation/pythonJson.ts"

// The rest of the body must not be taken for the next request
const headers = { connection: "close" }

type Response = HttpServerResponse.HttpServerResponse

const tooLarge = (detail: string): Response =>
  HttpServerResponse.jsonUnsafe({ error: "RequestBodyTooLarge", detail }, { status: 413, headers })

/** The refusal of a body of more than `most` bytes, in Polar's words. */
export const tooManyBytes = (most: number): Response =>
  tooLarge(`Request body exceeded the maximum allowed size of ${most} bytes.`)

const tooManyValues = (most: number): Response =>
  tooLarge(`Request body exceeded the maximum of ${most} JSON values, which the emulator has to bound its memory.`)

/** The refusal of a body for which there is no room beside the others. */
const noRoom = HttpServerResponse.jsonUnsafe(
  {
    error: "TooManyBodies",
    detail: `Nothing was done, because other bodies fill the ${Bounds.bodiesAtOnce} bytes that there are for them. Send the request again later.`
  },
  { status: 503, headers: { ...headers, "retry-after": "1" } }
)

const decoder = new TextDecoder()

const inRoom = <A, E, R>(room: Semaphore.Semaphore, bytes: number, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Semaphore.withPermitsIfAvailable(room, bytes)(effect),
    Option.match({ onNone: () => Effect.fail(noRoom), onSome: Effect.succeed })
  )

/** Reads the bodies of requests. All that arrive or wait at the same time share one bound. */
export const make = () => {
  const room = Semaphore.makeUnsafe(Bounds.bodiesAtOnce)
  /** Reads a body, and counts its bytes while they arrive. Fails with the answer if it has more than `most` of them. */
  const read = (request: HttpServerRequest.HttpServerRequest, most: number): Effect.Effect<ArrayBuffer, Response> => {
    const declared = request.headers["content-length"]
    const length = declared === undefined ? most : Number(declared)
    if (length > most) return Effect.fail(tooManyBytes(most))
    const bytes = request.arrayBuffer.pipe(
      Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(most)),
      Effect.catch((error) =>
        error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge"
          ? Effect.fail(tooManyBytes(most))
          : Effect.die(error)
      ),
      Effect.filterOrFail(
        ({ byteLength }) => byteLength <= most,
        () => tooManyBytes(most)
      )
    )
    return length <= Bounds.smallBody ? bytes : inRoom(room, length, bytes)
  }
  return {
    read,
    /** Runs the work of a delayed request, whose body stays in memory. Fails with a refusal if there is no room for the body. */
    keeping: <A, E, R>(bytes: number, work: Effect.Effect<A, E, R>) =>
      inRoom(room, Math.max(bytes, Bounds.delayedRequest), work),
    /** Reads the text of a body. Fails in the same way, and if its JSON has too many values. */
    readText: (request: HttpServerRequest.HttpServerRequest, bound: Bounds.BodyBound) =>
      Effect.flatMap(read(request, bound.bytes), (bytes) => {
        const text = PythonJson.bounded(decoder.decode(bytes), bound.values)
        return text === undefined ? Effect.fail(tooManyValues(bound.values)) : Effect.succeed(text)
      })
  }
}
