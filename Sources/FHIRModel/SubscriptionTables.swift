/// Who wants to be told (R4 4.0.1 StructureDefinitions; the notation is `ElementTables`').
enum SubscriptionTables {
    static let text = """
        Subscription@D status:=requested|active|error|off! contact:ContactPoint* end:instant reason:string!
          criteria:string! error:string channel:.Subscription.channel!
        Subscription.channel@B type:=rest-hook|websocket|email|sms|message! endpoint:url payload:code header:string*
        """
}
