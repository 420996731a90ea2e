/** What a cart costs: the cents are counted one price after the other. */
export function total(prices) {
  let cents = 0;
  for (const price of prices) cents += Math.round(price * 100);
  return (cents / 100).toFixed(2);
}
