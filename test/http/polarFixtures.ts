/** The example response of the resend endpoint, as Polar's documentation publishes it. */
export const documentedSeat = {
  created_at: "2023-11-07T05:31:56Z",
  modified_at: "2023-11-07T05:31:56Z",
  id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  status: "pending",
  subscription_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  order_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  customer_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  member_id: "3c90c3cc-0d44-4b50-8888-8dd25736052a",
  email: "<string>",
  customer_email: "<string>",
  invitation_token_expires_at: "2023-11-07T05:31:56Z",
  claimed_at: "2023-11-07T05:31:56Z",
  revoked_at: "2023-11-07T05:31:56Z",
  seat_metadata: {}
} as const

/** A member as the contract documents it. */
export const documentedMember = {
  id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
  created_at: "2026-08-22T10:00:00.123456Z",
  modified_at: null,
  customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
  email: "member@example.com",
  name: "Jane Doe",
  external_id: "usr_1337",
  role: "owner"
} as const
