// The files that browsers load, as they are embedded in the program.
// Never built from parts, never changed while the program runs.
// Pure values; any thread.

/// A file of a page.
package struct WebPage: Sendable {
  /// Under which it is asked for.
  package let path: String
  /// Its media type.
  package let type: String
  package let bytes: [UInt8]

  private static let html = "text/html; charset=utf-8"
  private static let svg = "image/svg+xml"
  private static let css = "text/css; charset=utf-8"
  private static let javaScript = "text/javascript; charset=utf-8"

  /// The page on which people chat.
  package static let chat: [WebPage] = [
    WebPage(path: "/", type: html, bytes: PackageResources.index_html),
    WebPage(path: "/icon.svg", type: svg, bytes: PackageResources.icon_svg),
    WebPage(path: "/colours.css", type: css, bytes: PackageResources.colours_css),
    WebPage(path: "/style.css", type: css, bytes: PackageResources.style_css),
    WebPage(path: "/app.js", type: javaScript, bytes: PackageResources.app_js),
    WebPage(path: "/connection.js", type: javaScript, bytes: PackageResources.connection_js),
    WebPage(path: "/history.js", type: javaScript, bytes: PackageResources.history_js),
    WebPage(path: "/links.js", type: javaScript, bytes: PackageResources.links_js),
    WebPage(path: "/sending.js", type: javaScript, bytes: PackageResources.sending_js),
    WebPage(path: "/texts.js", type: javaScript, bytes: PackageResources.texts_js),
    WebPage(path: "/view.js", type: javaScript, bytes: PackageResources.view_js),
  ]

  /// The operators' view of the cluster.
  package static let cluster: [WebPage] = [
    WebPage(path: "/cluster", type: html, bytes: PackageResources.cluster_html),
    WebPage(path: "/cluster/icon.svg", type: svg, bytes: PackageResources.icon_svg),
    WebPage(path: "/cluster/colours.css", type: css, bytes: PackageResources.colours_css),
    WebPage(path: "/cluster/cluster.css", type: css, bytes: PackageResources.cluster_css),
    WebPage(path: "/cluster/cluster.js", type: javaScript, bytes: PackageResources.cluster_js),
  ]
}
