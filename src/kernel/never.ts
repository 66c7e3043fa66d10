/** For the `default` of a switch over a closed union: a forgotten member does not compile. */
export const never = (value: never): never => {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
};
