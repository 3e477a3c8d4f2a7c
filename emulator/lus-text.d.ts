/** The bundler inlines `.lus` files as their text. */
declare module '*.lus' {
    const text: string;
    export default text;
}
