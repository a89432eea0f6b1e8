import { ClaimedSubscription } from "@polar-seats/domain/ClaimedSubscription"
import type { ClaimedSubscriptionsError } from "@polar-seats/domain/Seats"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import { tokenError } from "./errorBody.ts"
import type { PolarClient } from "./polarClient.ts"

const makePageDecoder = () => {
  const { productName: _, ...fields } = ClaimedSubscription.fields

  // Polar sends some thirty fields. This reads the few that a seat holder needs
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

  return Schema.decodeResult(
    Schema.fromJsonString(
      Schema.Struct({
        items: Schema.Array(ClaimedSubscriptionJson),
        pagination: Schema.Struct({ max_page: Schema.Int })
      })
    )
  )
}

// Made when the first page arrives, because it takes longer than a call
let decoder: ReturnType<typeof makePageDecoder> | undefined
const decodePage = (text: string) => (decoder ??= makePageDecoder())(text)

const pageSize = 100

/** Requests a page of subscriptions. Returns it with the number of the next one. */
type RequestPage = (
  page: number
) => Effect.Effect<
  readonly [ReadonlyArray<ClaimedSubscription>, next: Option.Option<number>],
  ClaimedSubscriptionsError
>

/** Requests pages of `GET /v1/customer-portal/seats/subscriptions`. */
export const requestPage =
  (polar: PolarClient, token: Redacted.Redacted<string>): RequestPage =>
  (page) =>
    Effect.map(
      polar.call({
        operation: "Seats.claimedSubscriptions",
        isList: true,
        method: "GET",
        path: "/v1/customer-portal/seats/subscriptions",
        urlParams: { page, limit: pageSize },
        token,
        decode: decodePage,
        errorFor: (refusal) => tokenError("CustomerSession", refusal)
      }),
      ({ items, pagination }) => [items, page < pagination.max_page ? Option.some(page + 1) : Option.none()]
    )

/** All subscriptions. The stream requests each page when the reader needs it. */
export const make = (requestPage: RequestPage): Stream.Stream<ClaimedSubscription, ClaimedSubscriptionsError> =>
  Stream.paginate(1, requestPage)
