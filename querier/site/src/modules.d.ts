declare module "*.bin" {
  const url: string;
  export default url;
}
/** What the service worker keeps; the bundle puts it before the script. */
declare const KEEP: string[];
