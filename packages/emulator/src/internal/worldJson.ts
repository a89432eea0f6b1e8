import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Str from "effect/String"
import * as World from "../World.ts"

// Renames only tables and columns. The keys of a seat's metadata are the caller's own
const camelKeys = (value: unknown): unknown =>
  Predicate.isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [Str.snakeToCamel(key), entry]))
    : value

const camelWorld = (json: unknown): unknown =>
  Predicate.isObject(json)
    ? Object.fromEntries(
        Object.entries(json).map(([table, rows]) => [table, Array.isArray(rows) ? rows.map(camelKeys) : rows])
      )
    : json

/** Reads a world from the snake_case JSON of the control API. The paths of its issues are in snake_case too. */
export const load = (json: unknown): Result.Result<World.World, World.InvalidWorld> =>
  Result.mapError(
    World.load(camelWorld(json)),
    ({ issues }) =>
      new World.InvalidWorld({
        issues: issues.map(({ message, path }) => ({
          message,
          path: path.map((segment) => (Predicate.isString(segment) ? Str.camelToSnake(segment) : segment))
        }))
      })
  )
