// Package assets reads and writes assets and the places where they stand:
// assets with their warranties and downtime, locations, spaces and map zones.
//
// The services are fields of workorder.Client:
//
//	site, err := client.Locations.Create(ctx, assets.CreateLocationParams{Name: "Plant 1", Code: "P1"})
//	id, err := client.Assets.Create(ctx, assets.CreateAssetParams{Name: "Press", LocationID: site, Barcode: "4006381333931"})
//	found, err := client.Assets.ResolveByScanCode(ctx, assets.ResolveByScanCodeParams{Code: "4006381333931"})
//	// found.Kind is assets.ScannedAsset, found.ID is id
//
// Locations form a tree of sites, buildings, floors and so on:
//
//	tree, err := client.Locations.Tree(ctx)
//	for node := range tree.All() {
//		fmt.Println(strings.Repeat("  ", node.Depth()), node.Name)
//	}
//
// Every member of a tenant may read and also create, change and delete assets,
// locations, spaces and map zones: the platform asks for no permission, so that
// even a requestor may delete an asset. Only bulk imports, warranties and
// downtime need one. An application that wants more has to ask
// Authorization.HasPermission itself.
//
// Reads follow the tenant in the access token. Writes name the tenant in their
// params; left empty, the client's tenant is used.
package assets
