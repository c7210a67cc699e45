/** `npm run build:gradients` makes this module in dist/; loading it registers tfjs-core's gradients. */
export {};
