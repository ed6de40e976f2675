/// Resources that carry others, and what went wrong (R4 4.0.1 StructureDefinitions; the notation is `ElementTables`').
enum ExchangeTables {
    static let text = """
        Bundle@R identifier:Identifier
          type:=document|message|transaction|transaction-response|batch|batch-response|history|searchset|collection!
          timestamp:instant total:unsignedInt link:.Bundle.link* entry:.Bundle.entry* signature:Signature
        Bundle.link@B relation:string! url:uri!
        Bundle.entry@B link:.Bundle.link* fullUrl:uri resource:Resource search:.Bundle.entry.search
          request:.Bundle.entry.request response:.Bundle.entry.response
        Bundle.entry.search@B mode:=match|include|outcome score:decimal
        Bundle.entry.request@B method:=GET|HEAD|POST|PUT|DELETE|PATCH! url:uri! ifNoneMatch:string
          ifModifiedSince:instant ifMatch:string ifNoneExist:string
        Bundle.entry.response@B status:string! location:uri etag:string lastModified:instant outcome:Resource
        Parameters@R parameter:.Parameters.parameter*
        Parameters.parameter@B name:string! value[x]:open resource:Resource part:.Parameters.parameter*
        OperationOutcome@D issue:.OperationOutcome.issue+
        OperationOutcome.issue@B severity:=fatal|error|warning|information! code:code! details:CodeableConcept
          diagnostics:string location:string* expression:string*
        """
}
