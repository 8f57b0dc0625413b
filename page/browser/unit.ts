// The units that tests call by name from Go.

export * from "../src/feed/births";
export * from "../src/feed/clock";
export * from "../src/feed/decode";
export * from "../src/feed/gaps";
export * from "../src/feed/period";
export * from "../src/feed/plan";
export * from "../src/feed/player";
export * from "../src/feed/state";
export * from "../src/map/places";
export * from "../src/map/project";
export * from "../src/map/world";
export * from "../src/settings";
