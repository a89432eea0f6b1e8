import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

// The three forms of a date in HTTP begin so. What else has letters is read as a date by many an engine
const date = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /

/** `Retry-After`, in seconds or as a date. Anything else is as good as none. */
export const retryAfter = (header: string | undefined, now: DateTime.Utc): Duration.Duration | null => {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Duration.seconds(Number(header))
  return Option.match(date.test(header) ? DateTime.make(header) : Option.none(), {
    onNone: () => null,
    onSome: (at) => (DateTime.isGreaterThan(at, now) ? DateTime.distance(now, at) : Duration.zero)
  })
}
