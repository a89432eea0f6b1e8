import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** `Retry-After`, in seconds or as a date. Anything else is as good as none. */
export const retryAfter = (header: string | undefined, now: DateTime.Utc): Duration.Duration | null => {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Duration.seconds(Number(header))
  const date = /[A-Za-z]/.test(header) ? DateTime.make(header) : Option.none()
  return Option.match(date, {
    onNone: () => null,
    onSome: (at) => (DateTime.isGreaterThan(at, now) ? DateTime.distance(now, at) : Duration.zero)
  })
}
