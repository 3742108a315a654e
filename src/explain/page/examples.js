// Examples to try. Each has one thing to show; timestamps are of now.
"use strict";

const EXAMPLES = (() => {
  const metadata = (more = {}) => ({
    Timestamp: Date.now(),
    CloudWatchMetrics: [
      { Namespace: "Shop", Dimensions: [["Service"]], Metrics: [{ Name: "Latency", Unit: "Milliseconds" }, { Name: "Orders" }] },
    ],
    ...more,
  });
  const good = (more = {}) => ({ _aws: metadata(), Service: "checkout", Latency: 12.5, Orders: 3, ...more });
  const line = (document) => `${JSON.stringify(document)}\n`;
  const time = () => new Date().toISOString();
  return [
    ["Everything is right", () => line(good())],
    ["A dimension that is a number", () => line(good({ Service: 42 }))],
    ["A metric without a value", () => line(good({ Orders: undefined }))],
    ["Seconds as the timestamp", () => line(good({ _aws: metadata({ Timestamp: Math.floor(Date.now() / 1000) }) }))],
    ["A logger's prefix", () => `started\nINFO shop ${line(good())}`],
    ["FireLens", () => line({ container_name: "shop", source: "stdout", log: JSON.stringify(good()) })],
    ["docker compose logs", () => `shop-1  | started\nshop-1  | ${line(good())}`],
    [
      "An export of the AWS CLI",
      () =>
        `${JSON.stringify(
          {
            events: [
              { logStreamName: "shop/1", timestamp: Date.now(), message: `started ${time()}`, eventId: "1" },
              { logStreamName: "shop/1", timestamp: Date.now(), message: JSON.stringify(good()), eventId: "2" },
              { logStreamName: "shop/2", timestamp: Date.now(), message: JSON.stringify(good({ Latency: "12.5 ms" })), eventId: "3" },
            ],
          },
          null,
          2,
        )}\n`,
    ],
  ];
})();
