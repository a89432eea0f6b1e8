import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import type { ClaimedSubscriptionsError } from "@polar-seats/domain/Seats"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import { lazily } from "./lazily.ts"
import { forbidden, type PolarClient, unauthorized } from "./polarClient.ts"

const pageReader = lazily(() => {
  const { productName: _, ...fields } = ClaimedSubscription.fields

  // A reader of few fields: what a seat holder wants to know out of the thirty that Polar sends
  const ClaimedSubscriptionJson = Schema.Struct({ ...fields, product: Schema.Struct({ name: Schema.String }) }).pipe(
    Schema.encodeKeys({
      createdAt: "created_at",
      customerId: "customer_id",
      productId: "product_id",
      currentPeriodStart: "current_period_start",
      currentPeriodEnd: "current_period_end",
      cancelAtPeriodEnd: "cancel_at_period_end"
    }),
    Schema.decodeTo(
      Schema.toType(ClaimedSubscription),
      SchemaTransformation.transform({
        decode: ({ product, ...rest }) => new ClaimedSubscription({ ...rest, productName: product.name }),
        encode: ({ productName, ...rest }) => ({ ...rest, product: { name: productName } })
      })
    )
  )

  const Page = Schema.Struct({
    items: Schema.Array(ClaimedSubscriptionJson),
    pagination: Schema.Struct({ max_page: Schema.Int })
  })
  return Schema.decodeResult(Schema.fromJsonString(Page))
})

const pageSize = 100

/** A page of subscriptions, and the number of the next one. */
type Ask = (
  page: number
) => Effect.Effect<
  readonly [ReadonlyArray<ClaimedSubscription>, next: Option.Option<number>],
  ClaimedSubscriptionsError
>

/** One page of `GET /v1/customer-portal/seats/subscriptions`. */
export const ask =
  (polar: PolarClient, token: Redacted.Redacted<string>): Ask =>
  (page) =>
    Effect.map(
      polar.call({
        operation: "Seats.claimedSubscriptions",
        isList: true,
        method: "GET",
        path: "/v1/customer-portal/seats/subscriptions",
        urlParams: { page, limit: pageSize },
        token,
        decode: (text) => pageReader()(text),
        refusals: (refusal) => forbidden(refusal) ?? unauthorized("CustomerSession")(refusal)
      }),
      ({ items, pagination }) => [items, page < pagination.max_page ? Option.some(page + 1) : Option.none()]
    )

/** Page after page, each asked for when it is needed. */
export const make = (ask: Ask): Stream.Stream<ClaimedSubscription, ClaimedSubscriptionsError> => Stream.paginate(1, ask)
