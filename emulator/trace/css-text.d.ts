/** A `.css` file is imported as its text; esbuild bundles it so. */
declare module '*.css' {
    const text: string;
    export default text;
}
