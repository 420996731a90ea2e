/** What a cart costs. Sums of decimal fractions are a hair too small at times, so cents are rounded. */
export function total(prices) {
  const sum = prices.reduce((all, price) => all + price, 0);
  return (Math.round(sum * 100) / 100).toFixed(2);
}
