/** What the build puts into the bundles of the extension: folders of packages on the web cannot be listed. */

/** The names of the files in extension/docs, extension/examples and extension/learn, separated by spaces. */
declare const SHIPPED_DOCS: string;
declare const SHIPPED_EXAMPLES: string;
declare const SHIPPED_LESSONS: string;
